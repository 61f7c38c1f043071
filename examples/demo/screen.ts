/** Lines on a timeline, and below them, on a terminal, one that is kept up to date. */
const { stdout } = process;
const isTerminal = stdout.isTTY && process.env['TERM'] !== 'dumb';
const hasColours = isTerminal && (process.env['NO_COLOR'] ?? '') === '';

/** Where nothing can be kept up to date, the state is printed this often. */
const PLAIN_EVERY_MS = 2000;
const LIVE_EVERY_MS = 200;

type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'blue' | 'magenta' | 'cyan';

const CODES: Readonly<Record<Style, number>> = {
  bold: 1,
  dim: 2,
  red: 31,
  green: 32,
  yellow: 33,
  blue: 34,
  magenta: 35,
  cyan: 36,
};

export const paint = (style: Style, text: string): string =>
  hasColours ? `\x1b[${CODES[style]}m${text}\x1b[0m` : text;

const NAME_STYLES: readonly Style[] = ['cyan', 'magenta', 'yellow', 'blue'];
const styles = new Map<string, Style>();

/** Each name keeps its colour. */
export function paintName(name: string): string {
  const style = styles.get(name) ?? NAME_STYLES[styles.size % NAME_STYLES.length] ?? 'cyan';
  styles.set(name, style);
  return paint(style, name.padEnd(6));
}

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** Short times in milliseconds, long ones in seconds. */
export const span = (ms: number): string => (ms < 1000 ? `${Math.max(1, Math.round(ms))} ms` : seconds(ms));

export class Screen {
  readonly #began = performance.now();
  #state: (() => string | undefined) | undefined;
  #ticking: NodeJS.Timeout | undefined;

  /** Text as it is, off the timeline. */
  print(text = ''): void {
    this.#write(`${text}\n`);
  }

  heading(text: string): void {
    this.print(`\n${paint('bold', text)}`);
  }

  /** What happened, with the time. */
  event(text: string): void {
    this.print(`${paint('dim', this.#time())}  ${text}`);
  }

  /** Show this state until further notice; nothing while it is undefined. */
  follow(state: () => string | undefined): void {
    this.unfollow();
    this.#state = state;
    this.#ticking = setInterval(
      () => {
        if (isTerminal) this.#write('');
        else {
          const text = state();
          if (text !== undefined) this.event(text);
        }
      },
      isTerminal ? LIVE_EVERY_MS : PLAIN_EVERY_MS,
    );
  }

  unfollow(): void {
    clearInterval(this.#ticking);
    this.#state = undefined;
    this.#write('');
  }

  #time(): string {
    return seconds(performance.now() - this.#began).padStart(7);
  }

  #write(text: string): void {
    if (!isTerminal) {
      stdout.write(text);
      return;
    }
    const state = this.#state?.();
    const live = state === undefined ? '' : `${paint('dim', this.#time())}  ${state}`;
    stdout.write(`\r\x1b[K${text}${live}`);
  }
}
