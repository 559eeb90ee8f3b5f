import { namesIn } from "../grammar/subexpressions.ts"
import { builtins } from "../names/names.ts"
import { lookUp, type Scope, toScope } from "../names/scope.ts"
import type { Session } from "../names/session.ts"
import type { Expression } from "../grammar/syntax.ts"
import type { Environment } from "../names/python-value.ts"

/**
 * Where Prefect looks up a text that it couldn't evaluate: among the names of its own module. Null when all of them are
 * builtins, which any place has; `unknown` when a name of Prefect's module is meant that isn't followed.
 */
export function lookedUpInPrefect(
  session: Session,
  expression: Expression,
  at: Environment,
): Environment | "unknown" | "absent" {
  const names = namesIn(expression)
  if (names.some((name) => prefectNames.has(name))) return "unknown"
  if (names.every((name) => builtins.has(name))) return { ...at, hidden: new Set() }
  if (!names.every((name) => builtins.has(name) || prefectModules.has(name))) return "absent"
  const parsed = session.parser.parse(prefectImports)
  if (parsed.kind !== "module") return "unknown"
  // The place stays that of the text: only the names are Prefect's.
  return { scope: toScope(at.scope.path, parsed.module), before: Number.POSITIVE_INFINITY, hidden: new Set() }
}

const prefectImports = "import typing\nimport typing as t\nimport pydantic\n"
const prefectModules = new Set(["typing", "t", "pydantic"])

/** Whether everything that an expression names is bound when the module has run. */
export function isKnown(expression: Expression, scope: Scope): boolean {
  return namesIn(expression).every((name) => builtins.has(name) || isBound(scope, name))
}

function isBound(scope: Scope, name: string): boolean {
  const { own, stars } = lookUp(scope, name, Number.POSITIVE_INFINITY)
  return stars.length > 0 || (own !== null && own.kind !== "typing-only")
}

/** Names bound in the module that makes the schema, `prefect._internal.pydantic.v2_schema`, and in its function. */
const prefectNames = new Set(
  (
    "inspect V2BaseModel ConfigDict PydanticUndefinedAnnotation create_model PydanticUserError FieldInfo TypeAdapter " +
    "GenerateEmptySchemaForUserClasses is_v2_model is_v2_type has_v2_type_as_param process_v2_params create_v2_schema name_ model_cfg " +
    "model_base model_fields model adapter schema"
  ).split(" "),
)
