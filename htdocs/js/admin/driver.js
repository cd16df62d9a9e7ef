/* Sends request after request until a job is done. */

import { text } from '../texts.js';

/* on: {changed(), isStopped()}. Null when the job ended or was stopped, else the problem that is in the way; calling it
 * again goes on in both cases. */
export async function drive(job, client, on) {
    while (!job.isDone && !job.isPartial && !on.isStopped()) {
        const { answer, problem } = await client.migrate(job.next);
        if (problem !== undefined)
            return problem;
        job.add(answer);
        on.changed();
        if (job.isStuck)
            return { kind: 'stuck', text: () => text('stuck') };
    }
    return null;
}
