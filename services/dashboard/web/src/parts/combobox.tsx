/* The ARIA combobox with a list of options: labs, partners and actions share it. */
import { useEffect, useId, useRef, useState } from 'preact/hooks';

import { t } from '../text/en';

export interface Choice {
  value: string;
  label: string;
  hint?: string;
}

const debounceMs = 200;

interface Props {
  label: string;
  value: string;
  /** What to show for the value when no option is known. */
  shown: string;
  search: (text: string) => Promise<Choice[]>;
  onChoose: (choice: Choice | null) => void;
  disabled?: boolean;
  clearable?: boolean;
  placeholder?: string;
}

export function Combobox(props: Props) {
  const id = useId();
  const [text, setText] = useState(props.shown);
  const [choices, setChoices] = useState<Choice[]>([]);
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(-1);
  const timer = useRef<ReturnType<typeof setTimeout>>();
  const turn = useRef(0);

  useEffect(() => {
    setText(props.shown);
  }, [props.shown, props.value]);

  const look = (wanted: string, waitMs: number): void => {
    clearTimeout(timer.current);
    const mine = ++turn.current;
    timer.current = setTimeout(() => {
      props.search(wanted).then(
        (found) => {
          if (mine !== turn.current) return;
          setChoices(found);
          setAt(found.length ? 0 : -1);
          setOpen(true);
        },
        () => undefined,
      );
    }, waitMs);
  };

  const choose = (choice: Choice | null): void => {
    turn.current++;
    clearTimeout(timer.current);
    setOpen(false);
    setText(choice?.label ?? '');
    props.onChoose(choice);
  };

  const onKey = (event: KeyboardEvent): void => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      if (!open) look(text === props.shown ? '' : text, 0);
      else if (choices.length)
        setAt((at + (event.key === 'ArrowDown' ? 1 : choices.length - 1)) % choices.length);
    } else if (event.key === 'Enter' && open) {
      event.preventDefault();
      const choice = choices[at];
      if (choice) choose(choice);
    } else if (event.key === 'Escape' && open) {
      event.stopPropagation();
      event.preventDefault();
      setOpen(false);
      setText(props.shown);
    }
  };

  return (
    <div class="combobox">
      <label for={`${id}-in`}>{props.label}</label>
      <input
        id={`${id}-in`}
        type="text"
        role="combobox"
        autocomplete="off"
        aria-expanded={open}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        {...(open && at >= 0 ? { 'aria-activedescendant': `${id}-${String(at)}` } : {})}
        value={text}
        placeholder={props.placeholder}
        disabled={props.disabled ?? false}
        onFocus={(event) => {
          event.currentTarget.select();
        }}
        onClick={() => {
          if (!open) look(text === props.shown ? '' : text, 0);
        }}
        onInput={(event) => {
          setText(event.currentTarget.value);
          if (event.currentTarget.value === '' && props.clearable) choose(null);
          else look(event.currentTarget.value, debounceMs);
        }}
        onKeyDown={onKey}
        onBlur={() => {
          setOpen(false);
          setText(props.shown);
        }}
      />
      <ul id={`${id}-list`} role="listbox" aria-label={props.label} hidden={!open}>
        {choices.map((choice, i) => (
          <li
            key={choice.value}
            id={`${id}-${String(i)}`}
            role="option"
            aria-selected={i === at}
            onMouseDown={(event) => {
              event.preventDefault();
              choose(choice);
            }}
          >
            <bdi>{choice.label}</bdi> {choice.hint && <span class="quiet">{choice.hint}</span>}
          </li>
        ))}
      </ul>
      <p class="sr" role="status">
        {open && choices.length === 0 ? t('combobox.none') : ''}
      </p>
      {open && choices.length === 0 && <p class="combobox-none">{t('combobox.none')}</p>}
    </div>
  );
}
