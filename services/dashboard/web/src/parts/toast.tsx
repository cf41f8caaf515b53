/* Short news, said politely to screen readers. Never with data of patients. */
import { signal } from '@preact/signals';

const toast = signal<{ text: string; id: number } | null>(null);
let id = 0;

export function say(text: string): void {
  const mine = ++id;
  toast.value = { text, id: mine };
  setTimeout(() => {
    if (toast.value?.id === mine) toast.value = null;
  }, 6000);
}

export function Toast() {
  return (
    <div class="toast" role="status" aria-live="polite">
      {toast.value && <p key={toast.value.id}>{toast.value.text}</p>}
    </div>
  );
}

export function copy(text: string, done: string): void {
  navigator.clipboard.writeText(text).then(
    () => {
      say(done);
    },
    () => undefined,
  );
}
