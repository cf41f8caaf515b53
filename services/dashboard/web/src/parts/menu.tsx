/* A menu where the pointer is: arrows move, Enter takes, Escape and a click elsewhere close. */
import { useLayoutEffect, useRef } from 'preact/hooks';

export interface MenuItem {
  label: string;
  run: () => void;
}

interface Props {
  label: string;
  x: number;
  y: number;
  items: MenuItem[];
  onClose: () => void;
}

export function Menu({ label, x, y, items, onClose }: Props) {
  const ref = useRef<HTMLDivElement>(null);
  /* before the next key comes, which is meant for it */
  useLayoutEffect(() => {
    const before = document.activeElement;
    const box = ref.current;
    if (box) {
      const { width, height } = box.getBoundingClientRect();
      box.style.left = `${String(Math.max(4, Math.min(x, window.innerWidth - width - 8)))}px`;
      box.style.top = `${String(Math.max(4, Math.min(y, window.innerHeight - height - 8)))}px`;
      box.querySelector<HTMLElement>('[role=menuitem]')?.focus({ preventScroll: true });
    }
    const away = (event: Event): void => {
      if (!(event.target instanceof Node) || !box?.contains(event.target)) onClose();
    };
    document.addEventListener('pointerdown', away);
    document.addEventListener('scroll', away, true);
    return () => {
      document.removeEventListener('pointerdown', away);
      document.removeEventListener('scroll', away, true);
      if (before instanceof HTMLElement) before.focus({ preventScroll: true });
    };
  }, []);
  const onKey = (event: KeyboardEvent): void => {
    const all = [...(ref.current?.querySelectorAll<HTMLElement>('[role=menuitem]') ?? [])];
    const at = all.indexOf(document.activeElement as HTMLElement);
    const to: Record<string, number> = {
      ArrowDown: (at + 1) % all.length,
      ArrowUp: (at + all.length - 1) % all.length,
      Home: 0,
      End: all.length - 1,
    };
    event.stopPropagation();
    if (event.key === 'Escape' || event.key === 'Tab') onClose();
    else if (event.key in to) all[to[event.key] ?? 0]?.focus();
    else return;
    event.preventDefault();
  };
  return (
    <div class="context-menu" role="menu" aria-label={label} ref={ref} onKeyDown={onKey}>
      {items.map((item) => (
        <button
          key={item.label}
          type="button"
          role="menuitem"
          tabIndex={-1}
          onClick={() => {
            onClose();
            item.run();
          }}
        >
          {item.label}
        </button>
      ))}
    </div>
  );
}
