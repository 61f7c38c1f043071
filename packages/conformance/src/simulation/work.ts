import { TermLostError } from '@tenure/core';
import type { Json, Term } from '@tenure/core';
import { ofTerm } from './chronicle.ts';
import type { Process } from './process.ts';
import type { Register } from './register.ts';
import type { Operation } from '../history/event.ts';

/** Who works, and for which term. */
export interface Shift {
  readonly process: Process;
  readonly candidate: string;
  readonly term: Term;
}

const SLOT = 'aside';

/** What a leader does: looks whether it leads, does something that others can see, waits, again. */
export async function work(shift: Shift): Promise<void> {
  const { process, term } = shift;
  const { dice, world } = process;
  const { ttlMs } = world.setting;
  const steps = 1 + dice.below(8);
  const heedful = dice.happens(0.8);
  for (let step = 0; (world.isCalm || step < steps) && believes(shift); step++) {
    await act(shift);
    const ms = world.isCalm ? ttlMs : dice.waitMs(ttlMs / 6);
    await process.pass(ms, heedful || world.isCalm ? term.signal : undefined);
  }
}

/** A read of the clock says that the term is current, and that is written down. */
function believes({ process, candidate, term }: Shift): boolean {
  if (!term.isCurrent()) return false;
  process.world.chronicle.tell({ what: 'current', ...ofTerm(term, candidate) });
  return !term.signal.aborted;
}

async function act(shift: Shift): Promise<void> {
  const { process, term } = shift;
  const { dice, world } = process;
  const registers = world.registers.get(term.key);
  switch (dice.draw({ write: 5, read: 2, change: 4, save: 4, slot: 1, announce: 1, ensure: 2, extend: 1 })) {
    case 'write':
      if (registers) await operate(shift, registers.fenced, { kind: 'write', value: world.newValue() });
      return;
    case 'read':
      if (registers) await operate(shift, registers.fenced, { kind: 'read' });
      return;
    case 'change':
      if (registers) await change(shift, registers.unfenced);
      return;
    case 'save':
      return save(shift, (value) => term.save(value));
    case 'slot':
      return save(shift, (value) => term.slot(SLOT).save(value), SLOT);
    case 'announce':
      await process.expect(() => term.announce({ at: world.newValue() }));
      return;
    case 'ensure':
      await process.expect(() => term.ensure(dice.next() * 0.5 * world.setting.ttlMs));
      return;
    case 'extend':
      await process.expect(() => term.extend());
  }
}

/** Reads, and writes one more: what two leaders at once would lose. */
async function change(shift: Shift, register: Register): Promise<void> {
  const value = await operate(shift, register, { kind: 'read' });
  if (value === undefined || !believes(shift)) return;
  await operate(shift, register, { kind: 'write', value: value + 1 });
}

/** Over the network, which takes its time there and back; a frozen process hears of it when it runs. */
async function operate(
  shift: Shift,
  register: Register,
  call: { readonly kind: 'read' } | { readonly kind: 'write'; readonly value: number },
): Promise<number | undefined> {
  const { process, candidate, term } = shift;
  const { world, dice } = process;
  const { chronicle } = world;
  const of = { what: 'operation', ...ofTerm(term, candidate), resource: register.name, call } as const;
  const calledAt = chronicle.now;
  const lost = (): void => chronicle.add({ ...of, calledAt, returnedAt: Infinity, outcome: 'unknown' });
  world.unanswered.add(lost);
  // Now and then very late: longer than a term may go on after its holder was cut off.
  const latencyMs = world.setting.ttlMs * (dice.happens(0.1) && !world.isCalm ? 1.5 : 0.05);
  await world.pass(dice.next() * latencyMs);
  const value = call.kind === 'read' ? register.read(term.token) : undefined;
  const written = call.kind === 'write' && register.write(term.token, call.value);
  await world.pass(dice.next() * latencyMs);
  if (process.clock.frozen) await process.pass(0);
  world.unanswered.delete(lost);
  const outcome: Operation['outcome'] = written || value !== undefined ? 'ok' : 'refused';
  const read = value === undefined ? {} : { value };
  chronicle.add({ ...of, calledAt, returnedAt: chronicle.now, outcome, ...read });
  return value;
}

async function save(shift: Shift, send: (value: Json) => Promise<void>, slot = 'checkpoint'): Promise<void> {
  const { process, candidate, term } = shift;
  const { chronicle } = process.world;
  const calledAt = chronicle.now;
  const nth = process.world.newValue();
  const failure = await process.expect(() => send({ token: String(term.token), nth }));
  const outcome = failure === undefined ? 'ok' : failure instanceof TermLostError ? 'unknown' : 'refused';
  chronicle.add({
    what: 'saved',
    ...ofTerm(term, candidate),
    calledAt,
    returnedAt: chronicle.now,
    outcome,
  });
  if (outcome === 'ok') process.world.saved(`${slot} of ${term.key}`, { token: term.token, nth });
}

/** What a term finds when it begins. */
export function lookBack({ process, term }: Shift): void {
  const { world } = process;
  world.found(`checkpoint of ${term.key}`, markOf(term.checkpoint), term.token);
  world.found(`${SLOT} of ${term.key}`, markOf(term.slot(SLOT).checkpoint), term.token);
}

function markOf(found: Json | undefined): { readonly token: bigint; readonly nth: number } | undefined {
  if (typeof found !== 'object' || found === null || Array.isArray(found)) return undefined;
  const { token, nth } = found as { readonly token: string; readonly nth: number };
  return { token: BigInt(token), nth };
}
