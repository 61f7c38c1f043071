import type { Scenario } from './scenario.ts';
import { contended } from './scenarios/contended.ts';
import { core } from './scenarios/core.ts';
import { crash } from './scenarios/crash.ts';
import { handover } from './scenarios/handover.ts';
import { uncontended } from './scenarios/uncontended.ts';

export const scenarios: readonly Scenario[] = [uncontended, contended, handover, crash, core];
