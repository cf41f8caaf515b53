/*
 * One stream of server-sent events: reconnects for as long as somebody listens. Runs in a shared worker, so that all tabs take one of the browser's six
 * connections; where there is no such worker, in the page.
 */

export type StreamMessage =
  { kind: 'state'; state: 'live' | 'reconnecting' } | { kind: 'event'; name: string; data: string };

const names = ['log', 'UpdateRetryIntegrationStatus', 'resync', 'run', 'health'] as const;
const longestPauseMs = 30_000;

export class StreamSource {
  private source: EventSource | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private pauseMs = 1000;
  private opened = false;
  private readonly tell: (message: StreamMessage) => void;

  constructor(tell: (message: StreamMessage) => void) {
    this.tell = tell;
    this.open();
  }

  /** Tries at once: the page came back, or was logged in. */
  poke(): void {
    if (
      this.source === null ||
      this.source.readyState === EventSource.CLOSED ||
      this.timer !== undefined
    ) {
      clearTimeout(this.timer);
      this.pauseMs = 1000;
      this.open();
    }
  }

  /** Until the next poke; what came meanwhile is then asked for anew. */
  rest(): void {
    this.close();
    this.source = null;
    this.tell({ kind: 'state', state: 'reconnecting' });
  }

  close(): void {
    clearTimeout(this.timer);
    this.source?.close();
  }

  private open(): void {
    this.timer = undefined;
    this.source?.close();
    const source = new EventSource('/api/v1/stream');
    // A stream that the browser gave up begins anew, and what came in between is unknown.
    let gap = this.opened;
    this.source = source;
    this.opened = true;
    source.onopen = () => {
      this.pauseMs = 1000;
      this.tell({ kind: 'state', state: 'live' });
      if (gap) this.tell({ kind: 'event', name: 'resync', data: '{}' });
      gap = false;
    };
    source.onerror = () => {
      this.tell({ kind: 'state', state: 'reconnecting' });
      if (source.readyState === EventSource.CLOSED && this.source === source) {
        this.timer = setTimeout(
          () => {
            this.open();
          },
          this.pauseMs * (1 + Math.random()),
        );
        this.pauseMs = Math.min(this.pauseMs * 2, longestPauseMs);
      }
    };
    for (const name of names)
      source.addEventListener(name, (event: MessageEvent<string>) => {
        this.tell({ kind: 'event', name, data: event.data });
      });
  }
}
