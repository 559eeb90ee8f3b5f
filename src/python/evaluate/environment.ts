import type { Location } from "../../core/model.ts"
import { overridesEnvironment } from "../names/effects.ts"
import type { Scope } from "../names/scope.ts"
import { type Session, Undecided } from "../names/session.ts"
import type { CallArgument, Value } from "../names/python-value.ts"

const readers: ReadonlySet<string> = new Set(["os.getenv", "os.environ.get"])
const environ = "os.environ"

/** `os.getenv` and `os.environ.get`. */
export function readsEnvironment(path: string): boolean {
  return readers.has(path)
}

export function isEnvironment(value: Value): boolean {
  return value.kind === "outside" && value.path === environ
}

/**
 * What an environment variable is where flows are deployed. `env:` of the source may say so in plain text; what it
 * doesn't name isn't known, not even that it isn't set.
 *
 * @throws Undecided
 */
export function environmentValue(session: Session, name: Value | undefined, at: Location): Value {
  if (name?.kind !== "str") throw new Undecided("which environment variable this is isn't known", at)
  const value = session.around.environment.get(name.value)
  const variable = `the environment variable \`${name.value}\``
  if (value === undefined) {
    throw new Undecided(
      `${variable} isn't known; \`env:\` of the source may say what it is where flows are deployed`,
      at,
    )
  }
  // A schema is for everybody to see.
  if (typeof value !== "string") throw new Undecided(`${variable} is a secret of the source, which isn't published`, at)
  const changing = session.followed.find((scope) => changesEnvironment(scope))
  if (changing !== undefined) throw new Undecided(`${changing.path} may change ${environ}`, at)
  return { kind: "str", value }
}

function changesEnvironment({ syntax }: Scope): boolean {
  return syntax.mutated.has("environ") || syntax.unseen.sharesEnvironment || overridesEnvironment(syntax)
}

/** The variable that `os.getenv("X", default)` names. */
export function variableOf(args: readonly CallArgument[]): Value | undefined {
  return args.find(({ name }, index) => name === "key" || (name === null && index === 0))?.value
}
