/* A table that scrolls sideways in its frame where it does not fit. */
import type { ComponentChildren } from 'preact';

import { t, type TextKey } from '../text/en';

export interface TableColumn<T> {
  title: TextKey | null; // null: buttons, whose column needs no word on the screen
  cell: (row: T) => ComponentChildren;
  numeric?: boolean;
  class?: string;
  /** The whole value, where the cell may cut it. */
  full?: (row: T) => string;
}

interface Props<T> {
  label: string;
  rows: readonly T[];
  columns: readonly TableColumn<T>[];
  keyOf: (row: T) => string | number;
  /** Rows as high as what they hold. */
  tall?: boolean;
  rowClass?: (row: T) => string;
}

const classOf = <T,>(column: TableColumn<T>): string | undefined =>
  [column.numeric ? 'numeric' : '', column.class ?? ''].filter(Boolean).join(' ') || undefined;

export function Table<T>({ label, rows, columns, keyOf, tall, rowClass }: Props<T>) {
  return (
    <div class="table-frame">
      <table aria-label={label}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th
                key={column.title ?? ''}
                scope="col"
                class={column.numeric ? 'numeric' : undefined}
              >
                {column.title ? t(column.title) : <span class="sr">{t('actions')}</span>}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)} class={tall ? 'tall' : rowClass?.(row)}>
              {columns.map((column) => (
                <td key={column.title ?? ''} class={classOf(column)} title={column.full?.(row)}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
