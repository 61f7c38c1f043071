import ora from 'ora';
import type { Ora } from 'ora';
import pc from 'picocolors';

type Colors = ReturnType<typeof pc.createColors>;

/** Also where CI is set, which makes picocolors colour what goes into a pipe: others read that. */
const isColored = pc.isColorSupported && (process.stdout.isTTY || 'FORCE_COLOR' in process.env);

/** JSON has no bigint: tokens go as text, as they may exceed 2^53. */
const plain = (_name: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value);

/** A terminal whose size nobody has set has no columns: ora would clear infinitely many lines there, for ever. */
const hasWidth = (stream: NodeJS.WriteStream): boolean => stream.isTTY && stream.columns > 0;

export type Fields = Readonly<Record<string, unknown>>;

/** What happened: for people a sentence, for programs an object. */
export interface Happening {
  readonly event: string;
  readonly text: string;
  readonly fields?: Fields;
  /** Shown with `--quiet`, too. */
  readonly important?: boolean;
}

interface Manner {
  readonly json: boolean;
  readonly quiet: boolean;
}

/**
 * Data goes to standard output, and what is told about it to standard error: standard output may belong to the command
 * that is run. With `json` both are one object a line.
 */
export class Output {
  readonly colors: Colors = pc.createColors(isColored);
  readonly isJson: boolean;
  /** Data is read by a person, now. */
  readonly isTerminal: boolean;
  readonly #quiet: boolean;
  #live: Ora | undefined;

  constructor({ json, quiet }: Manner) {
    this.isJson = json;
    this.isTerminal = process.stdout.isTTY && !json;
    this.#quiet = quiet;
  }

  /** A line of data: `row` with `--json`, else `text`. */
  data(row: Fields, text: string): void {
    this.#line(process.stdout, this.isJson ? JSON.stringify(row, plain) : text);
  }

  /** Text that is the answer as it is, of several lines perhaps. */
  print(text: string): void {
    this.#line(process.stdout, text);
  }

  tell({ event, text, fields = {}, important = false }: Happening): void {
    if (this.#quiet && !important) return;
    this.#line(process.stderr, this.isJson ? JSON.stringify({ event, ...fields }, plain) : `tenure: ${text}`);
  }

  /** A line that is replaced by the next one, for what lasts: on a terminal only. Undefined ends it. */
  live(text: string | undefined): void {
    if (text === undefined) {
      this.#live?.stop();
      this.#live = undefined;
    } else if (hasWidth(process.stderr) && !this.isJson && !this.#quiet) {
      if (this.#live) this.#live.text = text;
      // Signals and keys are ours to handle.
      else this.#live = ora({ text, stream: process.stderr, discardStdin: false }).start();
    }
  }

  #line(stream: NodeJS.WriteStream, text: string): void {
    this.#live?.clear();
    stream.write(`${text}\n`);
    this.#live?.render();
  }
}
