/* Named views of a list: the address's query under a name. The default is how a tab starts. */
import { preferences, prefer } from './session';

export interface SavedView {
  name: string;
  tab: string;
  query: Record<string, string>;
}

const omit = <T>(of: Record<string, T>, names: string[]): Record<string, T> =>
  Object.fromEntries(Object.entries(of).filter(([name]) => !names.includes(name)));

/** What a view keeps of the address: not the log that is open. */
export function keptQuery(query: Record<string, string>): Record<string, string> {
  return omit(query, ['tab', 'cursor']);
}

const sameQuery = (a: Record<string, string>, b: Record<string, string>): boolean =>
  JSON.stringify(Object.entries(a).sort()) === JSON.stringify(Object.entries(b).sort());

export const viewsOf = (tab: string): SavedView[] =>
  (preferences.value.views ?? []).filter((view) => view.tab === tab);

export const isShown = (view: SavedView, query: Record<string, string>): boolean =>
  sameQuery(view.query, keptQuery(query));

export async function saveView(view: SavedView): Promise<void> {
  const others = (preferences.value.views ?? []).filter(
    (one) => one.tab !== view.tab || one.name !== view.name,
  );
  const views = [...others, view].sort((a, b) => a.name.localeCompare(b.name));
  await prefer({ views });
}

export async function forgetView(view: SavedView): Promise<void> {
  const views = (preferences.value.views ?? []).filter(
    (one) => one.tab !== view.tab || one.name !== view.name,
  );
  await prefer({ views });
}

export const defaultOf = (tab: string): Record<string, string> | undefined =>
  preferences.value.lists?.[tab];

/** null: the tab starts as it comes. */
export async function saveDefault(
  tab: string,
  query: Record<string, string> | null,
): Promise<void> {
  const others = omit(preferences.value.lists ?? {}, [tab]);
  await prefer({ lists: query ? { ...others, [tab]: keptQuery(query) } : others });
}
