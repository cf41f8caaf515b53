/* What can be done with a cell: filter by it, copy it, follow it. */
import { Menu, type MenuItem } from '../../parts/menu';
import { copy } from '../../parts/toast';
import { end, plain } from '../../format/text';
import { go, setFilter } from '../../state/route';
import { t } from '../../text/en';

import { columns, type Column } from './columns';
import type { ShownRow } from './model';

export interface CellAt {
  row: ShownRow;
  column: Column | null; // null: the row's own menu, all that can be filtered by
  x: number;
  y: number;
}

const filterable = ['status', 'operation', 'partner', 'error_kind', 'bill', 'lab'];

function filterItem(column: Column, row: ShownRow): MenuItem | null {
  const changes = column.filter?.(row);
  const value = column.value?.(row) ?? '';
  if (!changes || value === '') return null;
  return {
    label: t('cell.filter', { column: t(column.title), value: end(plain(value), 40) }),
    run: () => {
      setFilter(changes);
    },
  };
}

function itemsOf({ row, column }: CellAt): MenuItem[] {
  const by = column
    ? [column]
    : filterable.map((name) => columns.get(name)).filter((c): c is Column => c !== undefined);
  const items = by
    .map((one) => filterItem(one, row))
    .filter((item): item is MenuItem => item !== null);
  const value = column?.value?.(row) ?? '';
  if (column && value !== '' && column.name !== 'log_id')
    items.push({
      label: t('cell.copy', { column: t(column.title) }),
      run: () => {
        copy(value, t('copied'));
      },
    });
  items.push({
    label: t('copy.log_id'),
    run: () => {
      copy(row.log_id, t('copied.log_id'));
    },
  });
  if (row.bill_id !== null)
    items.push({
      label: t('cell.trace', { bill: String(row.bill_id) }),
      run: () => {
        go(`/trace/bill/${String(row.bill_id)}?lab=${String(row.lab_id)}`);
      },
    });
  items.push({
    label: t('cell.tab'),
    run: () => {
      window.open(`/logs/${row.log_id}`, '_blank', 'noopener');
    },
  });
  return items;
}

export function CellMenu({ at, onClose }: { at: CellAt; onClose: () => void }) {
  return <Menu label={t('cell.menu')} x={at.x} y={at.y} items={itemsOf(at)} onClose={onClose} />;
}
