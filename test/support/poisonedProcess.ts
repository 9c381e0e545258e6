/** Stands in for a slot's process (explore/queue): a job of the network `poison` ends it, `slow` takes long, every other one is answered at once. */
import type { Job, Outcome } from '#explore';

const outcomeOf = (key: string): Outcome => ({
  key,
  ok: false,
  failure: { code: 'SYS-TEST-001', en: 'answered', zh: '已回答' },
});

process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit());
process.on('message', async ({ job }: { readonly job: Job }) => {
  const { model } = job.point;
  const name = 'network' in model ? model.network : '';
  if (name === 'poison') process.kill(process.pid, 'SIGKILL');
  if (name === 'slow') await new Promise((resolve) => setTimeout(resolve, 1500));
  process.send!({ type: 'outcome', outcome: outcomeOf(job.key) });
});
process.send!({ type: 'ready' });
