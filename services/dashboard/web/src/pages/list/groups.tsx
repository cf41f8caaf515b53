/* Errors as one line per partner, kind and first words. */
import { get } from '../../api/client';
import type { Items, LogGroup } from '../../api/types';
import { count, plain } from '../../format/text';
import { formatTime } from '../../format/time';
import { useLoad } from '../../parts/load';
import { ProblemBox } from '../../parts/problem';
import { Table, type TableColumn } from '../../parts/table';
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

function Acts(props: {
  group: LogGroup;
  query: Record<string, string>;
  onRetry: (scope: RetryScope) => void;
}) {
  const { group, query, onRetry } = props;
  return (
    <>
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
    </>
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
  const columns: TableColumn<LogGroup>[] = [
    { title: 'col.partner', cell: (group) => <bdi>{plain(group.developer_name)}</bdi> },
    { title: 'col.error_kind', cell: (group) => kindWord(group.error_kind) },
    {
      title: 'col.error',
      class: 'cell-error',
      full: (group) => plain(group.error),
      cell: (group) => (
        <a href={`/logs/${group.log_id}?tab=errors`}>
          <bdi>{plain(group.error) || t('group.nothing')}</bdi>
        </a>
      ),
    },
    {
      title: 'group.count',
      numeric: true,
      cell: (group) => (
        <>
          <Share n={group.count} of={most} /> {count(group.count)}
        </>
      ),
    },
    { title: 'group.first', cell: (group) => formatTime(group.first_at) },
    { title: 'group.last', cell: (group) => formatTime(group.last_at) },
    { title: null, cell: (group) => <Acts group={group} query={query} onRetry={onRetry} /> },
  ];
  return (
    <>
      {groups.data.capped && <p class="label">{t('group.capped')}</p>}
      <Table
        label={t('list.group')}
        rows={groups.data.items}
        columns={columns}
        keyOf={(group) => [group.lab_id, group.auth_id, group.error_kind, group.error].join(' ')}
      />
    </>
  );
}
