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

/* When, over the time that the list covers: whether it goes on is seen before it is read. */
function OverTime({ counts, most }: { counts: number[]; most: number }) {
  return (
    <svg class="over-time" viewBox="0 0 96 18" width="96" height="18" aria-hidden="true">
      <line x1={0} x2={96} y1={17.5} y2={17.5} />
      {counts.map((n, i) => {
        const height = n === 0 ? 0 : Math.max(2, (17 * n) / most);
        return <rect key={i} x={i * 4} y={17 - height} width={3} height={height} />;
      })}
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
  const most = Math.max(1, ...groups.data.items.flatMap((group) => group.over_time));
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
      title: 'group.over_time',
      cell: (group) => <OverTime counts={group.over_time} most={most} />,
    },
    { title: 'group.count', numeric: true, cell: (group) => count(group.count) },
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
