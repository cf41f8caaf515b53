import { useRef } from 'preact/hooks';

import { go } from '../../state/route';
import { address } from '../../state/route';
import { t } from '../../text/en';

import type { Column } from './columns';
import type { ListModel, ShownRow } from './model';

interface Props {
  model: ListModel;
  columns: Column[];
  tickable: boolean;
  openId: string | null;
  onOpen: (id: string) => void;
  label: string;
}

function rowClass(row: ShownRow, open: boolean): string {
  return [row.left ? 'left' : '', row.changedAt ? 'changed' : '', open ? 'open' : '']
    .filter(Boolean)
    .join(' ');
}

function TickAll({ model }: { model: ListModel }) {
  const ids = model.rows.value.map((row) => row.log_id);
  const all = ids.length > 0 && ids.every((id) => model.ticked.value.has(id));
  return (
    <input
      type="checkbox"
      aria-label={t('list.tick.all')}
      checked={all}
      onChange={(event) => {
        model.tick(ids, event.currentTarget.checked);
      }}
    />
  );
}

function moveFocus(from: HTMLElement, step: 1 | -1): void {
  const to = step === 1 ? from.nextElementSibling : from.previousElementSibling;
  if (to instanceof HTMLElement) to.focus();
}

export function LogTable({ model, columns, tickable, openId, onOpen, label }: Props) {
  const body = useRef<HTMLTableSectionElement>(null);

  const onKey = (event: KeyboardEvent, row: ShownRow): void => {
    const target = event.currentTarget as HTMLElement;
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== target) return;
    const key = event.key;
    if (key === 'ArrowDown' || key === 'j' || key === 'J') moveFocus(target, 1);
    else if (key === 'ArrowUp' || key === 'k' || key === 'K') moveFocus(target, -1);
    else if (key === 'Enter') onOpen(row.log_id);
    else if (key === 'x' && tickable) model.tick([row.log_id], !model.ticked.value.has(row.log_id));
    else return;
    if ((key === 'J' || key === 'K') && tickable) model.tick([row.log_id], true);
    event.preventDefault();
  };

  const filterBy = (column: Column, row: ShownRow): void => {
    const changes = column.filter?.(row);
    if (!changes) return;
    const { path, query, fragment } = address.value;
    const { q, ...rest } = changes;
    go({ path, query: { ...query, ...rest }, fragment: q ? { ...fragment, q } : fragment });
  };

  return (
    <div class="table-frame">
      <table aria-label={label}>
        <thead>
          <tr>
            {tickable && (
              <th scope="col" class="tick">
                <TickAll model={model} />
              </th>
            )}
            {columns.map((column) => (
              <th key={column.name} scope="col" class={column.numeric ? 'numeric' : ''}>
                {t(column.title)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody ref={body}>
          {model.rows.value.map((row) => (
            <tr
              key={row.log_id}
              data-log={row.log_id}
              tabIndex={0}
              class={rowClass(row, row.log_id === openId)}
              aria-current={row.log_id === openId ? 'true' : undefined}
              onKeyDown={(event) => {
                onKey(event, row);
              }}
              onClick={(event) => {
                if (!(event.target as HTMLElement).closest('button, input, a')) onOpen(row.log_id);
              }}
            >
              {tickable && (
                <td class="tick">
                  <input
                    type="checkbox"
                    aria-label={t('list.tick', { operation: row.operation ?? row.log_id })}
                    checked={model.ticked.value.has(row.log_id)}
                    onChange={(event) => {
                      model.tick([row.log_id], event.currentTarget.checked);
                    }}
                  />
                </td>
              )}
              {columns.map((column) => (
                <td
                  key={column.name}
                  class={`${column.numeric ? 'numeric ' : ''}cell-${column.name}`}
                  title={column.full?.(row)}
                  onContextMenu={(event) => {
                    if (!event.shiftKey || !column.filter) return;
                    event.preventDefault();
                    filterBy(column, row);
                  }}
                >
                  {column.cell(row)}
                  {column.name === 'status' && row.left && (
                    <span class="quiet"> {t('list.left')}</span>
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
