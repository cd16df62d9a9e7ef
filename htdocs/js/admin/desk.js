/* The administration page: asks for the secret, then puts health, choice, outcome and runs together. One job at a
 * time; a real run only from a plan that was shown. */

import { element, setText } from '../dom.js';
import { onLanguage, text } from '../texts.js';
import { Choice } from './choice.js';
import { Client } from './client.js';
import { readCommands } from './commands.js';
import { confirmed } from './confirm.js';
import { drive } from './driver.js';
import { HealthView } from './health.js';
import { Job } from './job.js';
import { Outcome } from './outcome.js';
import { show } from './parts.js';
import { RunsView } from './runs.js';

export class Desk {
    #client;
    #login;
    #desk;
    #live;
    #health;
    #choice;
    #outcome;
    #runs;
    #job = null;
    #known = null;
    #isStopped = false;
    #isBusy = false;
    #made = [];             // runs of this page, for a program that keeps no list
    #loginProblem = null;

    constructor(main) {
        const find = (selector) => main.querySelector(selector);
        this.#login = find('.login');
        this.#desk = find('.desk');
        this.#live = find('[role=status]');
        this.#client = new Client(new URL('.', this.#login.action));
        this.#health = new HealthView(find('.health'));
        this.#choice = new Choice(find('.choice'), (request) => this.#plan(request));
        this.#outcome = new Outcome(find('.outcome'), {
            run: () => this.#run(), stop: () => this.#stop(), goOn: () => this.#work(),
        });
        this.#runs = new RunsView(find('.runs'), (run) => this.#planUndo(run));
        this.#login.querySelector('.insecure').hidden = window.isSecureContext;
        this.#login.addEventListener('submit', (event) => {
            event.preventDefault();
            this.#open();
        });
        find('.again').addEventListener('click', () => this.#checkAgain());
        find('.lock').addEventListener('click', () => this.#lock());
        window.addEventListener('beforeunload', (event) => {
            if (this.#isBusy)
                event.preventDefault();
        });
        onLanguage(() => this.#renderLogin());
    }

    /* --- the secret --- */

    async #open() {
        const input = this.#login.elements.secret;
        setText(this.#login.querySelector('button'), text('opening'));
        this.#client.useSecret(input.value);
        const problem = await this.#check();
        this.#loginProblem = problem?.kind === 'secret' ? { text: () => text('wrongSecret') } : problem;
        this.#renderLogin();
        if (this.#loginProblem !== null) {
            input.select();
            return;
        }

        input.value = '';
        this.#login.hidden = true;
        this.#desk.hidden = false;
        this.#say(text('opened'));
        document.getElementById('health-title').focus();
        await this.#readRuns();
    }

    #renderLogin() {
        setText(this.#login.querySelector('button'), text('open'));
        show(this.#login.querySelector('[role=alert]'), this.#loginProblem?.text());
    }

    /* The secret was changed meanwhile: what is shown stays. */
    #askAgain() {
        this.#login.hidden = false;
        this.#login.elements.secret.focus();
    }

    #lock() {
        this.#client.forget();
        this.#job = null;
        this.#setBusy(false);
        this.#made = [];
        this.#health.show(null);
        this.#outcome.clear();
        this.#runs.show([], false);
        this.#desk.hidden = true;
        this.#askAgain();
    }

    /* --- what is there --- */

    /* Health, and with it what can be done here. The problem in the way, or null. */
    async #check() {
        const { answer, problem } = await this.#client.health();
        if (problem !== undefined)
            return problem;
        this.#health.show(answer);
        const told = await this.#client.migrate({ command: 'describe' });
        this.#known = readCommands(told.answer, answer);
        this.#choice.offer(this.#known);
        return null;
    }

    async #checkAgain() {
        const problem = await this.#check();
        if (problem !== null)
            this.#health.fail(problem);
        if (problem?.kind === 'secret')
            this.#askAgain();
    }

    /* Until the answer is here, the list lacks the last run: its first button would undo another one. */
    async #readRuns() {
        this.#runs.isBusy = true;
        const { answer } = await this.#client.migrate({ command: 'runs' });
        this.#runs.isBusy = this.#isBusy;
        this.#runs.show(answer?.runs ?? this.#made, this.#knows('undo'));
    }

    #knows(command) {
        return this.#known.commands.some(({ name }) => name === command);
    }

    /* --- work --- */

    #plan(request) {
        this.#begin(new Job(request));
    }

    #planUndo({ run, collection }) {
        this.#plan({ command: 'undo', ...collection ? { collection } : {}, run });
    }

    async #run() {
        const plan = this.#job;
        if (await confirmed(this.#outcome.planLines))
            this.#begin(new Job(plan.request, plan));
    }

    #stop() {
        this.#isStopped = true;
        if (this.#isBusy)
            this.#outcome.report('stopping', null);
    }

    #begin(job) {
        const command = this.#known.commands.find(({ name }) => name === job.request.command);
        this.#job = job;
        this.#outcome.show(job, command.applies, performance.now());
        this.#work();
    }

    /* Begins the job, or goes on with it. */
    async #work() {
        const job = this.#job;
        this.#isStopped = false;
        this.#setBusy(true);
        this.#outcome.report('busy', null);
        const problem = await drive(job, this.#client, {
            changed: () => this.#changed(job), isStopped: () => this.#isStopped || this.#job !== job,
        });
        if (this.#job !== job)
            return;
        this.#setBusy(false);
        this.#outcome.report('idle', problem);
        if (problem?.kind === 'secret')
            this.#askAgain();
        else if (problem === null)
            this.#say(this.#outcome.sentence);
        if (job.apply)
            await this.#readRuns();
    }

    #changed(job) {
        if (this.#job !== job)
            return;
        if (job.apply)
            this.#remember(job);
        this.#outcome.measure(performance.now());
        this.#outcome.render();
    }

    #remember({ request: { command, collection = null }, runs }) {
        for (const run of runs)
            if (!this.#made.some((known) => known.run === run))
                this.#made.unshift({ run, command, collection });
    }

    #setBusy(isBusy) {
        this.#isBusy = isBusy;
        this.#choice.isBusy = isBusy;
        this.#runs.isBusy = isBusy;
    }

    #say(sentence) {
        this.#live.replaceChildren(element('p', {}, sentence));
    }
}
