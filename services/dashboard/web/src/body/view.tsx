/* A body for reading: JSON folded and coloured, HL7 as a tree, anything else line by line. */
import { useMemo, useState } from 'preact/hooks';

import { count, plain } from '../format/text';
import { copy } from '../parts/toast';
import { t } from '../text/en';

import { isHl7 } from './hl7';
import { Hl7View } from './hl7-view';
import { jsonLines, rawLines, type Line } from './json-lines';

const linesAtFirst = 2000;

function foldedAt(lines: Line[]): Set<number> {
  // Deep parts of a long text start folded.
  const folded = new Set<number>();
  if (lines.length > linesAtFirst)
    lines.forEach((line, i) => {
      if (line.closes && line.depth === 2) folded.add(i);
    });
  return folded;
}

function LineText({ line }: { line: Line }) {
  return (
    <>
      {line.parts.map((part, i) => (
        <span key={i} class={`j-${part.kind}`}>
          {plain(part.text)}
        </span>
      ))}
    </>
  );
}

function Lines({ lines }: { lines: Line[] }) {
  const [folded, setFolded] = useState(() => foldedAt(lines));
  const [most, setMost] = useState(linesAtFirst);
  const shown: { line: Line; at: number }[] = [];
  for (let at = 0; at < lines.length && shown.length < most; at++) {
    const line = lines[at];
    if (!line) break;
    shown.push({ line, at });
    if (folded.has(at)) at = line.closes - 1;
  }
  const last = shown[shown.length - 1]?.at ?? 0;
  const toggle = (at: number): void => {
    const next = new Set(folded);
    if (next.has(at)) next.delete(at);
    else next.add(at);
    setFolded(next);
  };
  return (
    <>
      <div class="code" dir="ltr" tabIndex={0} role="group" aria-label={t('body.text')}>
        {shown.map(({ line, at }) => (
          <div key={at} class={`line depth-${String(Math.min(line.depth, 20))}`}>
            {line.closes > 0 && (
              <button
                type="button"
                class="fold"
                aria-expanded={!folded.has(at)}
                aria-label={t('body.fold')}
                onClick={() => {
                  toggle(at);
                }}
              >
                {folded.has(at) ? '▸' : '▾'}
              </button>
            )}
            <LineText line={line} />
            {folded.has(at) && <span class="quiet"> … {count(line.closes - at - 1)}</span>}
          </div>
        ))}
      </div>
      {last < lines.length - 1 && shown.length >= most && (
        <button
          type="button"
          onClick={() => {
            setMost(most + linesAtFirst);
          }}
        >
          {t('body.more', { n: count(lines.length - last - 1) })}
        </button>
      )}
    </>
  );
}

export function BodyView(props: {
  text: string | null | undefined;
  truncated?: boolean | undefined;
  size?: number | undefined;
  masked?: boolean;
}) {
  const { text, truncated, size, masked } = props;
  const lines = useMemo(() => (text ? (jsonLines(text) ?? rawLines(text)) : []), [text]);
  const [raw, setRaw] = useState(false);
  if (!text)
    return (
      <p class="quiet">{masked ? t('body.masked', { size: count(size ?? 0) }) : t('body.none')}</p>
    );
  const asSent = rawLines(text);
  return (
    <>
      {truncated && (
        <p class="label">{size ? t('body.cut.of', { size: count(size) }) : t('body.cut')}</p>
      )}
      <div class="body-tools">
        <span class="quiet">{t('body.size', { n: count(new Blob([text]).size) })}</span>
        <label class="check">
          <input
            type="checkbox"
            checked={raw}
            onChange={(event) => {
              setRaw(event.currentTarget.checked);
            }}
          />
          {t('body.raw')}
        </label>
        <button
          type="button"
          class="plain"
          onClick={() => {
            copy(text, t('copied'));
          }}
        >
          {t('copy')}
        </button>
      </div>
      {raw ? (
        <Lines key="raw" lines={asSent} />
      ) : isHl7(text) ? (
        <Hl7View text={text} />
      ) : (
        <Lines key={text.length} lines={lines} />
      )}
    </>
  );
}
