import { isJsonObject, type JsonObject } from "../../core/json.ts"
import type { Location } from "../../core/model.ts"
import { type Dataclass, readDecorator, unlikeBase } from "./decorator.ts"
import { encode } from "./encode.ts"
import { evaluate } from "../evaluate/evaluate.ts"
import { locate, type Session, Undecided } from "../names/session.ts"
import type { Argument, Expression, FunctionSyntax, Statement } from "../grammar/syntax.ts"
import { calledPath, canonical, outsidePath } from "../names/outside.ts"
import { type ClassFact, type Environment, inHead, type LazyArgument, type Value } from "../names/python-value.ts"

/** What a class of the repository is to pydantic. */
export type ClassKind =
  | { readonly kind: "model"; readonly parents: readonly ClassFact[]; readonly config: ModelConfig }
  | ({ readonly kind: "dataclass"; readonly parents: readonly ClassFact[] } & Dataclass)
  | { readonly kind: "typed-dict"; readonly parents: readonly ClassFact[]; readonly total: boolean }
  | { readonly kind: "plain"; readonly parents: readonly ClassFact[] }

/** What `model_config` or an inner `class Config` says, that of the parents included. */
export interface ModelConfig {
  readonly title: string | null
  readonly extra: string
  /** `json_schema_extra`, which comes last. */
  readonly added: JsonObject
  /** Makes the aliases of fields that have none of their own. */
  readonly aliases: "to_camel" | "to_pascal" | null
  /** Allows classes that pydantic doesn't know. */
  readonly arbitrary: boolean
  /** Takes its values from the environment too. */
  readonly settings: boolean
}
export const noConfig: ModelConfig = {
  title: null,
  extra: "ignore",
  added: {},
  aliases: null,
  arbitrary: false,
  settings: false,
}
const settingsConfig: ModelConfig = { ...noConfig, extra: "forbid", arbitrary: true, settings: true }

/** @throws `Undecided` when the class does something that may change its schema. */
export function classKind(session: Session, fact: ClassFact): ClassKind {
  const at = locate(fact.scope, fact.syntax.at)
  return session.within(at, `${fact.scope.path}:${fact.order}:kind`, () => readKind(session, fact))
}

function readKind(session: Session, fact: ClassFact): ClassKind {
  const { syntax } = fact
  const at = locate(fact.scope, syntax.at)
  if (syntax.generic) throw new Undecided(`\`${syntax.name}\` has type parameters`, at)
  refuseHooks(fact)
  const bases = syntax.bases.filter((base) => base.name === null).map((base) => readBase(session, fact, base))
  const options = syntax.bases.filter((base) => base.name !== null)
  const parents = bases.flatMap((base) => (base.kind === "class" ? [base.class] : []))
  const paths = bases.flatMap((base) => (base.kind === "outside" ? [canonical(base.path)] : []))
  const kinds = parents.map((parent) => classKind(session, parent))
  if (bases.length > 1) throw new Undecided(`\`${syntax.name}\` has several base classes`, at)
  const family = paths[0] === undefined ? (kinds[0]?.kind ?? "plain") : outsideBases[paths[0]]
  if (family === undefined) {
    throw new Undecided(`\`${syntax.name}\` is based on \`${paths[0]}\`, whose effect isn't known`, at)
  }
  return finish(session, { fact, family, parents, options, inherited: kinds[0] ?? null })
}

const outsideBases: Readonly<Record<string, "model" | "settings" | "typed-dict" | "plain">> = {
  "pydantic.BaseModel": "model",
  "pydantic_settings.BaseSettings": "settings",
  "typing.TypedDict": "typed-dict",
  "builtins.object": "plain",
  "abc.ABC": "plain",
}

function finish(
  session: Session,
  use: {
    fact: ClassFact
    family: ClassKind["kind"] | "settings"
    parents: readonly ClassFact[]
    options: readonly Argument[]
    inherited: ClassKind | null
  },
): ClassKind {
  const { fact, family, parents, options, inherited } = use
  const at = locate(fact.scope, fact.syntax.at)
  const odd = (what: string) => new Undecided(`${what} of \`${fact.syntax.name}\` may change its schema`, at)
  const decorated = readDecorator(session, fact)
  if (family === "typed-dict") {
    if (decorated !== null) throw odd("the decorator")
    return { kind: "typed-dict", parents, total: readTotal(options, odd) }
  }
  if (options.length > 0) throw odd("an argument of the class statement")
  if (family === "model" || family === "settings") {
    if (decorated !== null) throw odd("the decorator")
    const config = { ...configAbove(family, inherited), ...readConfig(session, fact) }
    return { kind: "model", parents, config }
  }
  // A subclass of a dataclass without decorator still is one, but its own annotations are no fields.
  if (decorated === null && family === "dataclass") throw odd("the missing decorator")
  if (decorated === null) return { kind: "plain", parents }
  const unlike = unlikeInherited(decorated, inherited)
  if (unlike !== null) throw odd(unlike)
  return { kind: "dataclass", parents, ...decorated }
}

function unlikeInherited(own: Dataclass, inherited: ClassKind | null): string | null {
  return inherited?.kind === "dataclass" ? unlikeBase(own, inherited) : null
}

function configAbove(family: "model" | "settings", inherited: ClassKind | null): ModelConfig {
  if (inherited?.kind === "model") return inherited.config
  return family === "settings" ? settingsConfig : noConfig
}

function readBase(session: Session, fact: ClassFact, base: Argument): Value {
  const value = evaluate(session, base.value, inHead(fact))
  if (base.star === "" && (value.kind === "class" || value.kind === "outside")) return value
  throw new Undecided(`a base class of \`${fact.syntax.name}\` isn't followed`, locate(fact.scope, base.value.at))
}

function readTotal(options: readonly Argument[], odd: (what: string) => Undecided): boolean {
  const [only] = options
  if (only === undefined) return true
  const { value } = only
  const plain = value.kind === "constant" && (value.value === "True" || value.value === "False")
  if (options.length > 1 || only.name !== "total" || !plain) throw odd("an argument of the class statement")
  return value.value === "True"
}

/** Methods and inner classes by which a class writes its own schema or fields. */
const hooks =
  /^(__get_pydantic_\w+__|__modify_schema__|__init_subclass__|__pydantic_init_subclass__|__class_getitem__|__new__|__get_validators__)$/u

function refuseHooks(fact: ClassFact): void {
  for (const statement of fact.syntax.body) {
    const hook = statement.kind === "function" && hooks.test(statement.name)
    const code = ["block", "binds", "passes"].includes(statement.kind)
    if (hook || code) {
      throw new Undecided(
        `code in the body of \`${fact.syntax.name}\` may change its schema`,
        locate(fact.scope, statement.at),
      )
    }
  }
}

/** What the class itself says in `model_config` or an inner `class Config`. */
function readConfig(session: Session, fact: ClassFact): Partial<ModelConfig> {
  const config: Writable<Partial<ModelConfig>> = {}
  for (const statement of fact.syntax.body) {
    for (const [name, { expression, environment }] of configEntries(session, fact, statement)) {
      if (quietConfig.has(name)) continue
      const value = evaluate(session, expression, environment)
      const at = locate(fact.scope, statement.at)
      const setting = readSetting(session, { name, value, at })
      if (setting === null)
        throw new Undecided(`the setting \`${name}\` of \`${fact.syntax.name}\` may change its schema`, at)
      Object.assign(config, setting)
    }
  }
  return config
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] }

/** What one setting says of the schema; null when it isn't known. */
function readSetting(session: Session, use: { name: string; value: Value; at: Location }): Partial<ModelConfig> | null {
  const { name, value, at } = use
  if (value.kind === "str") return name === "title" || name === "extra" ? { [name]: value.value } : null
  if (value.kind === "bool") return readSwitch(name, value.value)
  if (name === "json_schema_extra" && value.kind === "dict") {
    const added = encode({ session, dump: () => refuse(at) }, value, at)
    return isJsonObject(added) ? { added } : null
  }
  return name === "alias_generator" && value.kind === "outside" ? aliasGenerator(value.path) : null
}

function readSwitch(name: string, value: boolean): Partial<ModelConfig> | null {
  if (name === "arbitrary_types_allowed") return { arbitrary: value }
  return name === "use_attribute_docstrings" && !value ? {} : null
}

function aliasGenerator(path: string): Partial<ModelConfig> | null {
  if (path === "pydantic.alias_generators.to_camel") return { aliases: "to_camel" }
  return path === "pydantic.alias_generators.to_pascal" ? { aliases: "to_pascal" } : null
}

function refuse(at: Location): never {
  throw new Undecided("a made object in `json_schema_extra` isn't followed", at)
}

/** Whether some setting shows in a schema. */
export function isConfigured({ title, extra, added, aliases }: ModelConfig): boolean {
  return title !== null || extra !== "ignore" || Object.keys(added).length > 0 || aliases !== null
}

/** What the settings add to the schema of the class. */
export function configSchema({ title, extra, added }: ModelConfig): JsonObject {
  const titled = title === null ? {} : { title }
  return extra === "ignore" ? { ...titled, ...added } : { ...titled, additionalProperties: extra === "allow", ...added }
}

type Entry = [string, { expression: Expression; environment: Environment }]

function configEntries(session: Session, fact: ClassFact, statement: Statement): Entry[] {
  const environment = inHead(fact)
  if (statement.kind === "class" && statement.name === "Config") {
    return statement.body.flatMap((inner): Entry[] => {
      const name = inner.kind === "assign" ? inner.names[0] : undefined
      if (inner.kind !== "assign" || name === undefined)
        throw new Undecided("this `Config` isn't followed", locate(fact.scope, inner.at))
      return [[name, { expression: inner.value, environment }]]
    })
  }
  const value = configValue(statement)
  if (value === null) return []
  const read = evaluate(session, value, environment)
  const args: readonly LazyArgument[] = read.kind === "call" ? read.args : []
  const known = calledPath(read) === "pydantic.ConfigDict" && args.every((argument) => argument.star === "")
  if (known) return args.map((argument) => [argument.name ?? "", argument])
  if (value.kind !== "dict") throw new Undecided("this `model_config` isn't followed", locate(fact.scope, statement.at))
  return value.entries.map((entry) => [
    entry.key?.kind === "string" ? entry.key.value : "",
    { expression: entry.value, environment },
  ])
}

function configValue(statement: Statement): Expression | null {
  if (statement.kind === "assign" && statement.names.includes("model_config")) return statement.value
  return statement.kind === "annotated" && statement.name === "model_config" ? statement.value : null
}

const quietConfig = new Set(
  (
    "use_enum_values frozen validate_assignment validate_default populate_by_name validate_by_name validate_by_alias " +
    "str_strip_whitespace protected_namespaces revalidate_instances strict allow_mutation from_attributes orm_mode " +
    "hide_input_in_errors ser_json_inf_nan str_to_lower str_to_upper str_min_length coerce_numbers_to_str"
  ).split(" "),
)

/** Whether a method of a model leaves the schema as it is. */
export function isQuietMethod(session: Session, fact: ClassFact, method: FunctionSyntax): boolean {
  return method.decorators.every((decorator) => {
    const value = evaluate(session, decorator, inHead(fact))
    const path = outsidePath(value)
    if (path === null || !quietDecorators.has(path)) return false
    const args = value.kind === "call" ? value.args : []
    // How a value is written changes nothing of what may be given.
    if (path.endsWith("serializer")) return true
    // A `plain` validator replaces the type; so may a declared input type.
    return args.every(
      (argument) =>
        argument.star === "" &&
        argument.name !== "json_schema_input_type" &&
        !(
          argument.name === "mode" && !(argument.expression.kind === "string" && argument.expression.value !== "plain")
        ),
    )
  })
}

const quietDecorators = new Set(
  (
    "builtins.property builtins.staticmethod builtins.classmethod pydantic.field_validator pydantic.model_validator pydantic.validator " +
    "pydantic.root_validator pydantic.class_validators.validator pydantic.computed_field pydantic.field_serializer pydantic.model_serializer functools.cached_property abc.abstractmethod"
  ).split(" "),
)
