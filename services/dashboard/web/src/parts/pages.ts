/* What is read page after page: the first by itself, each next one when it is asked for. */
import { useEffect, useRef, useState } from 'preact/hooks';

import { get } from '../api/client';
import type { Page } from '../api/types';
import { renewed } from '../state/session';

const pageMost = 500; // of the API

interface State<T> {
  rows: T[];
  cursor: string | null;
  error: unknown;
  loaded: boolean;
  loading: boolean;
}

export interface Pages<T> extends Omit<State<T>, 'cursor'> {
  /** null: there is no more. */
  more: (() => void) | null;
  /** As many as are on show, anew. */
  reload: () => void;
}

const empty = { rows: [], cursor: null, error: null, loaded: false, loading: false };

export function usePages<T>(path: string, query: Record<string, string>, size = 50): Pages<T> {
  const key = `${path} ${JSON.stringify(query)}`;
  const [state, setState] = useState<State<T>>(empty);
  const now = useRef<State<T>>(state);
  const abort = useRef(new AbortController());
  const set = (change: Partial<State<T>>): void => {
    now.current = { ...now.current, ...change };
    setState(now.current);
  };

  const ask = async (cursor: string | null, limit: number): Promise<void> => {
    abort.current.abort();
    const { signal } = (abort.current = new AbortController());
    set({ loading: true });
    try {
      const page = await get<Page<T>>(path, { ...query, limit, cursor }, signal);
      if (signal.aborted) return;
      const { rows, cursor: last } = now.current;
      if (cursor !== null) set({ rows: [...rows, ...page.items], cursor: page.next_cursor });
      else if (rows.length > pageMost)
        set({ rows: [...page.items, ...rows.slice(limit)], cursor: last });
      else set({ rows: page.items, cursor: page.next_cursor });
      set({ error: null, loaded: true, loading: false });
    } catch (error) {
      if (!signal.aborted) set({ error, loading: false });
    }
  };
  const reload = (): void => {
    void ask(null, Math.min(pageMost, Math.max(size, now.current.rows.length)));
  };

  useEffect(() => {
    set(empty);
    void ask(null, size);
    return () => {
      abort.current.abort();
    };
  }, [key]);
  useEffect(() => {
    if (now.current.error !== null) reload();
  }, [renewed.value]);

  const { cursor, ...rest } = state;
  const more = (): void => {
    if (!now.current.loading) void ask(cursor, size);
  };
  return { ...rest, more: cursor === null ? null : more, reload };
}
