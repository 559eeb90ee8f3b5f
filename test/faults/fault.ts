/** One row of `README.md` in this folder: something that goes wrong, and what becomes of it. */
export interface Fault {
  /** What goes wrong, as an operator or an author of manifests would say it. */
  readonly fault: string
  /** What a person sees: state, problem code, message, metric. */
  readonly seen: string
  /** What stays as it is, because nothing may be concluded from the fault. */
  readonly kept: string
  /** What ends it, and how long that takes. */
  readonly healed: string
  /** `FILE: TITLE` of the test that tries it; FILE is relative to `test/`. */
  readonly test: string
}
