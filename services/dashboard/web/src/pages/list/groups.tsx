/* Errors as one line per partner, kind and first words. */
import { get } from '../../api/client';
import type { Items, LogGroup } from '../../api/types';
import { count, plain } from '../../format/text';
import { formatTime } from '../../format/time';
import { useLoad } from '../../parts/load';
import { ProblemBox } from '../../parts/problem';
import { setFilter } from '../../state/route';
import { may } from '../../state/session';
import { t } from '../../text/en';
import type { RetryScope } from '../retry/dialog';

import { apiQuery, type Filter } from './filter';

export function Groups({
  filter,
  onRetry,
}: {
  filter: Filter;
  onRetry: (scope: RetryScope) => void;
}) {
  const query = apiQuery(filter);
  const groups = useLoad(JSON.stringify(filter), (signal) =>
    get<Items<LogGroup>>('logs/groups', query, signal),
  );
  if (groups.error) return <ProblemBox error={groups.error} again={groups.reload} />;
  if (!groups.data) return <p role="status">{t('loading')}</p>;
  if (groups.data.items.length === 0) return <p class="nothing">{t('list.nomatch')}</p>;
  return (
    <div class="table-frame">
      <table aria-label={t('list.group')}>
        <thead>
          <tr>
            <th scope="col">{t('col.partner')}</th>
            <th scope="col">{t('col.error_kind')}</th>
            <th scope="col">{t('col.error')}</th>
            <th scope="col" class="numeric">
              {t('group.count')}
            </th>
            <th scope="col">{t('group.first')}</th>
            <th scope="col">{t('group.last')}</th>
            <th scope="col">
              <span class="sr">{t('actions')}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {groups.data.items.map((group) => (
            <tr key={`${String(group.auth_id)} ${String(group.error_kind)} ${group.error}`}>
              <td>
                <bdi>{plain(group.developer_name)}</bdi>
              </td>
              <td>{group.error_kind}</td>
              <td>
                <bdi>{plain(group.error)}</bdi>
              </td>
              <td class="numeric">{count(group.count)}</td>
              <td>{formatTime(group.first_at)}</td>
              <td>{formatTime(group.last_at)}</td>
              <td>
                <button
                  type="button"
                  class="plain"
                  onClick={() => {
                    setFilter({ q: group.error, group: '' });
                  }}
                >
                  {t('group.show')}
                </button>
                {may('operator') && (
                  <button
                    type="button"
                    onClick={() => {
                      onRetry({
                        kind: 'filter',
                        filter: {
                          ...query,
                          q: group.error,
                          auth_id: String(group.auth_id ?? ''),
                        },
                        words: [plain(group.developer_name), plain(group.error)],
                      });
                    }}
                  >
                    {t('group.retry')}
                  </button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
