/* A page that is one table, newest first. */
import type { ComponentChildren } from 'preact';

import { t } from '../text/en';

import { usePages } from './pages';
import { ProblemBox } from './problem';
import { Table, type TableColumn } from './table';

export function Listing<T extends { id: string | number }>(props: {
  title: string;
  path: string;
  query: Record<string, string>;
  columns: TableColumn<T>[];
  nothing: string;
  /** What narrows the list. */
  tools?: ComponentChildren;
}) {
  const { title, path, query, columns, nothing, tools } = props;
  const { rows, error, loaded, loading, more, reload } = usePages<T>(path, query);
  return (
    <section>
      <h1>{title}</h1>
      <div class="list-tools">
        {tools}
        <button type="button" class="plain" disabled={loading} onClick={reload}>
          {t('refresh')}
        </button>
      </div>
      {error !== null && <ProblemBox error={error} again={reload} />}
      {!loaded && error === null && <p role="status">{t('loading')}</p>}
      {loaded && rows.length === 0 && <p class="nothing">{nothing}</p>}
      {rows.length > 0 && (
        <Table label={title} rows={rows} columns={columns} keyOf={(row) => row.id} tall />
      )}
      {more && (
        <button type="button" disabled={loading} onClick={more}>
          {t('list.older')}
        </button>
      )}
    </section>
  );
}
