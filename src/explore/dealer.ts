/**
 * Deals jobs to lanes. A family of jobs (`neighbours.ts`) goes to one lane, which holds those of them that others came upon, so that what it
 * has found for one serves all; a lane that has nothing else to do takes from what others hold.
 */
import type { Job } from './job.ts';

/** Jobs that are held for a lane at most: they are asked for before they are needed. */
const MOST_HELD = 16;

export class Dealer {
  readonly #jobs: AsyncIterator<Job>;
  readonly #held: Job[][];
  readonly #families: (string | undefined)[];
  /** One at a time asks for the next job. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(jobs: AsyncIterable<Job>, lanes: number) {
    this.#jobs = jobs[Symbol.asyncIterator]();
    this.#held = Array.from({ length: lanes }, () => []);
    this.#families = new Array<string | undefined>(lanes).fill(undefined);
  }

  /** The next job of a lane; undefined when there is none left. */
  take(lane: number): Promise<Job | undefined> {
    const taken = this.#turn.then(() => this.#next(lane));
    this.#turn = taken.catch(() => {});
    return taken;
  }

  async #next(lane: number): Promise<Job | undefined> {
    const own = this.#held[lane]!.shift();
    if (own !== undefined) return own;
    for (;;) {
      const { done, value: job } = await this.#jobs.next();
      if (done === true) break;
      const other = job.family === undefined ? -1 : this.#families.indexOf(job.family);
      if (other < 0 || other === lane || this.#held[other]!.length === MOST_HELD) {
        this.#families[lane] = job.family;
        return job;
      }
      this.#held[other]!.push(job);
    }
    const most = this.#held.reduce((a, b) => (b.length > a.length ? b : a));
    return most.pop();
  }
}
