import type { RefObject } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';

import { isGoing, lettersWanted } from '../../state/keys';
import { t } from '../../text/en';

import { CellMenu, type CellAt } from './cell-menu';
import { columns as all, type Column } from './columns';
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

/* A frame that scrolls sideways cannot have a head that sticks: only one that is too wide is one. */
function useFits(of: unknown): [RefObject<HTMLDivElement>, boolean] {
  const ref = useRef<HTMLDivElement>(null);
  const [fits, setFits] = useState(false);
  useEffect(() => {
    const frame = ref.current;
    if (!frame) return undefined;
    const measure = (): void => {
      const table = frame.firstElementChild;
      setFits(table !== null && table.scrollWidth <= frame.clientWidth);
    };
    const observer = new ResizeObserver(measure);
    observer.observe(frame);
    measure();
    return () => {
      observer.disconnect();
    };
  }, [of]);
  return [ref, fits];
}

interface RowActs {
  focus: (id: string) => void;
  key: (event: KeyboardEvent, row: ShownRow) => void;
  menu: (event: MouseEvent, row: ShownRow) => void;
  open: (id: string) => void;
  tick: (id: string, on: boolean) => void;
}

/*
 * Signals' own rule draws a row again only when what it is given changed: that is why the
 * acts come in one object that stays.
 */
function Row(props: {
  row: ShownRow;
  columns: Column[];
  tick: boolean | null;
  open: boolean;
  stop: boolean;
  on: RowActs;
}) {
  const { row, columns, tick, open, stop, on } = props;
  return (
    <tr
      data-log={row.log_id}
      tabIndex={stop ? 0 : -1}
      class={rowClass(row, open)}
      aria-current={open ? 'true' : undefined}
      onFocusIn={() => {
        on.focus(row.log_id);
      }}
      onKeyDown={(event) => {
        on.key(event, row);
      }}
      onContextMenu={(event) => {
        on.menu(event, row);
      }}
      onClick={(event) => {
        // Selecting text in a row is not opening it.
        if (getSelection()?.type === 'Range') return;
        if (!(event.target as HTMLElement).closest('button, input, a')) on.open(row.log_id);
      }}
    >
      {tick !== null && (
        <td class="tick">
          <input
            type="checkbox"
            tabIndex={stop ? 0 : -1}
            aria-label={t('list.tick', { operation: row.operation ?? row.log_id })}
            checked={tick}
            onChange={(event) => {
              on.tick(row.log_id, event.currentTarget.checked);
            }}
          />
        </td>
      )}
      {columns.map((column) => (
        <td
          key={column.name}
          data-column={column.name}
          class={`${column.numeric ? 'numeric ' : ''}cell-${column.name}`}
          title={column.full?.(row)}
        >
          {column.cell(row)}
          {column.name === 'status' && row.left && <span class="quiet"> {t('list.left')}</span>}
        </td>
      ))}
    </tr>
  );
}

export function LogTable({ model, columns, tickable, openId, onOpen, label }: Props) {
  const [menu, setMenu] = useState<CellAt | null>(null);
  // One row is a stop of the Tab key, or a page of them would be: arrows go to the others.
  const [visited, setVisited] = useState<string | null>(openId);
  const rows = model.rows.value;
  const stop = rows.some((row) => row.log_id === visited) ? visited : rows[0]?.log_id;
  const names = columns.map((column) => column.name).join();
  const shown = useMemo(() => columns, [names]);
  const [frame, fits] = useFits(names);

  const onKey = (event: KeyboardEvent, row: ShownRow): void => {
    const target = event.currentTarget as HTMLElement;
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== target) return;
    if (isGoing()) return;
    const key = event.key;
    const letters = lettersWanted();
    if (key === 'ArrowDown' || (letters && /^[jJ]$/.test(key))) moveFocus(target, 1);
    else if (key === 'ArrowUp' || (letters && /^[kK]$/.test(key))) moveFocus(target, -1);
    else if (key === 'Enter') onOpen(row.log_id);
    else if (((key === 'x' && letters) || key === ' ') && tickable)
      model.tick([row.log_id], !model.ticked.value.has(row.log_id));
    else return;
    if ((key === 'J' || key === 'K') && tickable) {
      const now = document.activeElement?.closest('tr')?.dataset['log'];
      model.tick(now ? [row.log_id, now] : [row.log_id], true);
    }
    event.preventDefault();
    event.stopPropagation();
  };

  const onMenu = (event: MouseEvent, row: ShownRow): void => {
    if (event.shiftKey) return; // the browser's own
    const target = event.target as HTMLElement;
    const name = target.closest('td')?.dataset['column'] ?? '';
    // The menu key gives no place: the row's.
    const box = target.getBoundingClientRect();
    const pointed = event.clientX !== 0 || event.clientY !== 0;
    event.preventDefault();
    setMenu({
      row,
      column: all.get(name) ?? null,
      x: pointed ? event.clientX : box.left + 40,
      y: pointed ? event.clientY : box.bottom,
    });
  };

  const on = useRef<RowActs>({} as RowActs).current;
  Object.assign(on, {
    focus: setVisited,
    key: onKey,
    menu: onMenu,
    open: onOpen,
    tick: (id: string, ticked: boolean) => {
      model.tick([id], ticked);
    },
  });

  return (
    <div class={`table-frame${fits ? ' fits' : ''}`} ref={frame}>
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
        <tbody>
          {rows.map((row) => (
            <Row
              key={row.log_id}
              row={row}
              columns={shown}
              tick={tickable ? model.ticked.value.has(row.log_id) : null}
              open={row.log_id === openId}
              stop={row.log_id === stop}
              on={on}
            />
          ))}
        </tbody>
      </table>
      {menu && (
        <CellMenu
          at={menu}
          onClose={() => {
            setMenu(null);
          }}
        />
      )}
    </div>
  );
}
