import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

export interface Tab {
  name: string;
  title: string;
  view: () => ComponentChildren;
}

/* The ARIA tabs pattern: arrows move, only the open panel is made. */
export function Tabs(props: {
  label: string;
  tabs: Tab[];
  at: string;
  onChange: (name: string) => void;
}) {
  const id = useId();
  const { tabs, at, onChange } = props;
  const open = tabs.find((tab) => tab.name === at) ?? tabs[0];
  const onKey = (event: KeyboardEvent): void => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step || !open) return;
    const next = tabs[(tabs.indexOf(open) + step + tabs.length) % tabs.length];
    if (!next) return;
    event.preventDefault();
    onChange(next.name);
    document.getElementById(`${id}-${next.name}`)?.focus();
  };
  return (
    <div class="tabs">
      <div role="tablist" aria-label={props.label} onKeyDown={onKey}>
        {tabs.map((tab) => (
          <button
            key={tab.name}
            type="button"
            role="tab"
            id={`${id}-${tab.name}`}
            aria-selected={tab === open}
            aria-controls={`${id}-panel`}
            tabIndex={tab === open ? 0 : -1}
            onClick={() => {
              onChange(tab.name);
            }}
          >
            {tab.title}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${open?.name ?? ''}`}>
        {open?.view()}
      </div>
    </div>
  );
}
