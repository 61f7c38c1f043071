import type { ElectionEvent, ElectionState } from '../../src/election/state.ts';
import type { SessionEvent, SessionState } from '../../src/session/state.ts';

/** By phase: why these events change nothing in any state of it. Every other event changes some. */
type NoOps<Phase extends string, Type extends string> = Readonly<
  Record<Phase, readonly (readonly [why: string, types: readonly Type[]])[]>
>;

type ElectionType = ElectionEvent['type'];
type SessionType = SessionEvent['type'];

const STANDS = 'it stands already';
const NO_TERM = 'there is no term to give up, to hold or to wind down';
const OF_A_TERM: readonly ElectionType[] = ['resign', 'settled', 'hold-over', 'hold', 'let-go'];
/** Work that outlived its term settles there. */
const LATER = OF_A_TERM.filter((type) => type !== 'settled');
const NOT_ASKED = 'the answer to a call that is not in flight: the runtime has dropped it';
const NO_CALL = 'nothing was sent';
const AGAIN = 'news is told again with every renewal, until the claim is released';

export const electionNoOps: NoOps<ElectionState['phase'], ElectionType> = {
  idle: [
    [
      'it does not stand: nothing but start concerns it',
      ['stop', 'alarm', 'woke', 'waits', 'succeeded', 'released'],
    ],
    [NO_TERM, LATER],
    [NOT_ASKED, ['granted', 'held', 'failed', 'void']],
    [NO_CALL, ['sent']],
    ['it has no claim', ['news']],
  ],
  joining: [
    [STANDS, ['start']],
    [NO_TERM, OF_A_TERM],
    [NOT_ASKED, ['granted', 'held', 'waits', 'failed', 'void', 'woke', 'released', 'succeeded']],
    [NO_CALL, ['sent']],
    [AGAIN, ['news']],
    ['it waits for the session, whose machine has the alarm', ['alarm']],
  ],
  claiming: [
    [STANDS, ['start']],
    [NO_TERM, OF_A_TERM],
    ['who claims has a usable session', ['usable']],
    [NOT_ASKED, ['released', 'succeeded']],
    ['it has asked anew since', ['waits']],
    [AGAIN, ['news']],
  ],
  following: [
    [STANDS, ['start']],
    [NO_TERM, OF_A_TERM],
    ['who follows has a usable session', ['usable']],
    [NOT_ASKED, ['released', 'succeeded']],
    ['park waits for as long as it takes: it has its alarm from the start', ['sent']],
    ['a candidate dispatches it as woke', ['news']],
  ],
  leading: [
    ['who leads has a usable session', ['usable']],
    [NOT_ASKED, ['granted', 'held', 'waits', 'failed', 'void', 'woke', 'released', 'succeeded']],
    [NO_CALL, ['sent']],
  ],
  releasing: [
    [NO_TERM, LATER],
    [NOT_ASKED, ['granted', 'held', 'waits', 'void', 'woke', 'succeeded']],
    ['what is wrong with the claim ends with it', ['news']],
  ],
  'standing-back': [
    ['it stands, after its turn', ['start']],
    [NO_TERM, OF_A_TERM],
    [NOT_ASKED, ['granted', 'held', 'waits', 'void', 'woke', 'released']],
    ['lookout waits for as long as it takes: it has its alarm from the start', ['sent']],
    ['it has no claim', ['news']],
  ],
};

const NO_SESSION = 'there is no session yet that could be renewed, or be over';
const OF_A_SESSION: readonly SessionType[] = ['hint', 'manual', 'lapsed', 'renewed'];
const ENDS = 'it ends: nothing is renewed any more';

export const sessionNoOps: NoOps<SessionState['phase'], SessionType> = {
  idle: [
    [NO_SESSION, OF_A_SESSION],
    [NOT_ASKED, ['opened', 'gone', 'failed', 'closed']],
    ['nothing is awaited', ['alarm']],
  ],
  opening: [
    ['it is on its way', ['want']],
    [NO_SESSION, OF_A_SESSION],
    [NOT_ASKED, ['closed']],
  ],
  live: [
    ['there is one', ['want']],
    [NOT_ASKED, ['opened', 'closed']],
  ],
  closing: [
    ['a tenure that was closed refuses its users', ['want']],
    [ENDS, OF_A_SESSION],
    [NOT_ASKED, ['opened']],
    ['it does already', ['close']],
  ],
  closed: [
    ['it is closed, for ever', ['want', 'close', 'closed', 'gone', 'opened', 'failed', 'alarm']],
    [ENDS, OF_A_SESSION],
  ],
};

export interface Tried {
  readonly phase: string;
  readonly type: string;
  readonly changes: boolean;
}

/** Pairs that nobody thought of, and pairs that are said to do nothing and do something. */
export function judge(
  noOps: NoOps<string, string>,
  tried: Iterable<Tried>,
): { readonly pairs: number; readonly wrong: readonly string[] } {
  const changes = new Map<string, boolean>();
  for (const { phase, type, changes: does } of tried) {
    const pair = `${type} while ${phase}`;
    changes.set(pair, (changes.get(pair) ?? false) || does);
  }
  const listed = new Set<string>();
  for (const [phase, reasons] of Object.entries(noOps))
    for (const [, types] of reasons) for (const type of types) listed.add(`${type} while ${phase}`);
  const wrong: string[] = [];
  for (const [pair, does] of changes) {
    if (!does && !listed.has(pair)) wrong.push(`${pair} is ignored, and nobody says why`);
    if (does && listed.has(pair)) wrong.push(`${pair} should change nothing, and does`);
  }
  for (const pair of listed) if (!changes.has(pair)) wrong.push(`${pair} was never tried`);
  return { pairs: changes.size, wrong };
}
