import type { Scenario } from './scenario.ts';
import { contended } from './scenarios/contended.ts';
import { core } from './scenarios/core.ts';
import { crash } from './scenarios/crash.ts';
import { handover } from './scenarios/handover.ts';
import { observe } from './scenarios/observe.ts';
import { scale } from './scenarios/scale.ts';
import { uncontended } from './scenarios/uncontended.ts';

/** In the order in which they are played and shown. */
export const scenarios: readonly Scenario[] = [uncontended, contended, handover, crash, scale, observe, core];
