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

import { kindWord } from './columns';
import { apiQuery, type Filter } from './filter';

/* A group's words have # for each number: what is looked for is the longest part without. */
const searched = (error: string): string =>
  error
    .split('#')
    .map((part) => part.trim())
    .reduce((longest, part) => (part.length > longest.length ? part : longest), '');

/** What the address says to see a group alone. */
function filterOfGroup(group: LogGroup): Record<string, string> {
  return {
    group: '',
    lab: String(group.lab_id),
    auth: String(group.auth_id ?? ''),
    kind: group.error_kind ?? '',
    q: searched(group.error),
  };
}

/* Its share of the most frequent, as a bar: the worst is seen before it is read. */
function Share({ n, of }: { n: number; of: number }) {
  return (
    <svg class="share" viewBox="0 0 60 8" width="60" height="8" aria-hidden="true">
      <rect width={Math.max(1, (60 * n) / Math.max(1, of))} height="8" />
    </svg>
  );
}

export function Groups({
  filter,
  onRetry,
}: {
  filter: Filter;
  onRetry: (scope: RetryScope) => void;
}) {
  const query = apiQuery(filter);
  const groups = useLoad(JSON.stringify(filter), (signal) =>
    get<Items<LogGroup> & { capped?: boolean }>('logs/groups', query, signal),
  );
  if (groups.error) return <ProblemBox error={groups.error} again={groups.reload} />;
  if (!groups.data) return <p role="status">{t('loading')}</p>;
  if (groups.data.items.length === 0) return <p class="nothing">{t('list.nomatch')}</p>;
  const most = Math.max(...groups.data.items.map((group) => group.count));
  return (
    <div class="table-frame">
      {groups.data.capped && <p class="label">{t('group.capped')}</p>}
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
              <td>{kindWord(group.error_kind)}</td>
              <td class="cell-error" title={plain(group.error)}>
                <a href={`/logs/${group.log_id}?tab=errors`}>
                  <bdi>{plain(group.error) || t('group.nothing')}</bdi>
                </a>
              </td>
              <td class="numeric">
                <Share n={group.count} of={most} /> {count(group.count)}
              </td>
              <td>{formatTime(group.first_at)}</td>
              <td>{formatTime(group.last_at)}</td>
              <td>
                <button
                  type="button"
                  class="plain"
                  onClick={() => {
                    setFilter(filterOfGroup(group));
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
                          lab_id: String(group.lab_id),
                          auth_id: String(group.auth_id ?? ''),
                          error_kind: group.error_kind ?? '',
                          q: searched(group.error),
                        },
                        words: [
                          plain(group.developer_name),
                          kindWord(group.error_kind),
                          plain(searched(group.error)),
                        ].filter(Boolean),
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
