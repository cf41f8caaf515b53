/* The shared worker: one stream for all tabs of this browser. */
import { StreamSource, type StreamMessage } from './api/stream-source';

interface SharedScope {
  onconnect: ((event: MessageEvent) => void) | null;
}

const ports = new Set<MessagePort>();
let source: StreamSource | null = null;
let state: StreamMessage = { kind: 'state', state: 'reconnecting' };

function tell(message: StreamMessage): void {
  if (message.kind === 'state') state = message;
  for (const port of ports) port.postMessage(message);
}

(self as unknown as SharedScope).onconnect = (event) => {
  const port = event.ports[0];
  if (!port) return;
  ports.add(port);
  source ??= new StreamSource(tell);
  port.onmessage = (said: MessageEvent<string>) => {
    if (said.data === 'bye') ports.delete(port);
    if (said.data === 'poke') source?.poke();
    if (ports.size === 0) {
      source?.close();
      source = null;
    }
  };
  port.postMessage(state);
};
