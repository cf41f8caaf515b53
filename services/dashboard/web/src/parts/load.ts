/* Data that a page loads: what is there stays on show while it is loaded again. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';

import { renewed } from '../state/session';

export interface Loaded<T> {
  data: T | null;
  error: unknown;
  loading: boolean;
  reload: () => void;
  /** For what the stream says: changes what is shown. */
  change: (how: (data: T) => T) => void;
}

/** `key` says what is loaded: another key, another load. null: nothing. */
export function useLoad<T>(
  key: string | null,
  load: (signal: AbortSignal) => Promise<T>,
): Loaded<T> {
  const [data, setData] = useState<T | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [loading, setLoading] = useState(false);
  const [turn, setTurn] = useState(0);
  const fn = useRef(load);
  fn.current = load;
  const shown = useRef<string | null>(null);

  useEffect(() => {
    if (key === null) {
      setData(null);
      return undefined;
    }
    const abort = new AbortController();
    if (shown.current !== key) setData(null);
    shown.current = key;
    setLoading(true);
    fn.current(abort.signal).then(
      (found) => {
        if (abort.signal.aborted) return;
        setData(found);
        setError(null);
        setLoading(false);
      },
      (problem: unknown) => {
        if (abort.signal.aborted) return;
        setError(problem);
        setLoading(false);
      },
    );
    return () => {
      abort.abort();
    };
  }, [key, turn, renewed.value]);

  const reload = useCallback(() => {
    setTurn((n) => n + 1);
  }, []);
  const change = useCallback((how: (data: T) => T) => {
    setData((now) => (now === null ? now : how(now)));
  }, []);
  return { data, error, loading, reload, change };
}
