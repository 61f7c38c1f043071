/** A signal that is made when somebody asks for it: most terms are over before anybody has. */
export class LateSignal {
  #controller: AbortController | undefined;
  #reason: (() => Error) | undefined;

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#reason) this.#controller.abort(this.#reason());
    }
    return this.#controller.signal;
  }

  /** Without effect when it has aborted already. */
  abort(reason: () => Error): void {
    if (this.#reason) return;
    this.#reason = reason;
    this.#controller?.abort(reason());
  }
}
