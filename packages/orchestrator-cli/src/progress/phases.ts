import type { TaskEvent, TaskType } from '@codegen/contracts';

export type PhaseState = 'ahead' | 'active' | 'done' | 'failed';

/** A step of a task, with the time spent in it over all rounds. */
export interface Phase {
  name: string;
  state: PhaseState;
  spentMs: number;
  /** When the current stay in it began. */
  sinceMs: number;
  /** The last thing said about it. */
  note: string;
}

const STEPS: Record<TaskType, readonly string[]> = {
  engineering: ['claim', 'scaffold', 'develop', 'test', 'merge'],
  deploy: ['claim', 'allocate', 'deploy', 'verify'],
};

/**
 * Which step a task is in, learnt from its events.
 * ahead → active → done; back to active when a round repeats it; failed when the task ends there.
 */
export class Phases {
  readonly #phases: Phase[];
  #active: Phase | undefined;

  constructor(type: TaskType) {
    this.#phases = STEPS[type].map((name) => ({ name, state: 'ahead', spentMs: 0, sinceMs: 0, note: '' }));
  }

  apply(event: TaskEvent, atMs: number): void {
    const phase = this.#phaseOf(event.current_step) ?? this.#active;
    if (phase && phase !== this.#active) this.#enter(phase, atMs);
    if (phase && event.message) phase.note = event.message;
    if (event.type === 'completed') this.#leave('done', atMs);
    if (event.type === 'failed') this.#leave('failed', atMs);
  }

  /** What to show: steps that were passed over are left out, and after the end those never reached. */
  shown(): readonly Phase[] {
    const reached = this.#phases.findLastIndex((phase) => phase.state !== 'ahead');
    return this.#phases.filter((phase, at) => phase.state !== 'ahead' || (at > reached && this.#active !== undefined));
  }

  #phaseOf(step: string | null): Phase | undefined {
    if (step === null) return undefined;
    const known = this.#phases.find((phase) => phase.name === step);
    if (known) return known;
    const phase: Phase = { name: step, state: 'ahead', spentMs: 0, sinceMs: 0, note: '' };
    this.#phases.push(phase);
    return phase;
  }

  #enter(phase: Phase, atMs: number): void {
    this.#leave('done', atMs);
    const at = this.#phases.indexOf(phase);
    // A round goes back: what comes after it is ahead again.
    for (const later of this.#phases.slice(at + 1)) later.state = 'ahead';
    phase.state = 'active';
    phase.sinceMs = atMs;
    this.#active = phase;
  }

  #leave(state: PhaseState, atMs: number): void {
    const phase = this.#active;
    if (!phase) return;
    phase.state = state;
    phase.spentMs += Math.max(0, atMs - phase.sinceMs);
    this.#active = undefined;
  }
}
