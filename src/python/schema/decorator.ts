import { evaluate } from "../evaluate/evaluate.ts"
import { locate, type Session, Undecided } from "../names/session.ts"
import { outsidePath } from "../names/outside.ts"
import { type ClassFact, inHead } from "../names/python-value.ts"

/** How a dataclass is made. */
export interface Dataclass {
  /** The decorator: Python's own or pydantic's. */
  readonly maker: string
  readonly frozen: boolean
}

/** What may change the schema of a dataclass that is made otherwise than its base class; null when it isn't. */
export function unlikeBase(own: Dataclass, base: Dataclass): string | null {
  // Python refuses a frozen dataclass of one that isn't, and the other way round.
  if (own.frozen !== base.frozen) return "being frozen unlike its base class"
  // pydantic then takes the signature that Python writes for the description.
  return own.maker === base.maker ? null : "a base class made by another `dataclass`"
}

/** What the decorator of a class makes of it; null without one. @throws Undecided */
export function readDecorator(session: Session, fact: ClassFact): Dataclass | null {
  const { decorators } = fact.syntax
  const [only] = decorators
  if (only === undefined) return null
  const value = evaluate(session, only, inHead(fact))
  const maker = outsidePath(value)
  const args = value.kind === "call" ? value.args : []
  const quiet = args.every((argument) => quietDataclassOptions.has(argument.name ?? ""))
  if (decorators.length === 1 && quiet && maker !== null && dataclassDecorators.has(maker)) {
    const frozen = args.find((argument) => argument.name === "frozen")
    const value = frozen === undefined ? null : evaluate(session, frozen.expression, frozen.environment)
    return { maker, frozen: value?.kind === "bool" && value.value }
  }
  throw new Undecided(`the decorator of \`${fact.syntax.name}\` isn't followed`, locate(fact.scope, only.at))
}

const dataclassDecorators = new Set(["dataclasses.dataclass", "pydantic.dataclasses.dataclass"])
const quietDataclassOptions = new Set(["frozen", "slots", "eq", "order", "repr", "unsafe_hash", "kw_only"])
