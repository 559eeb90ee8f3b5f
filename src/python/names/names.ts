import type { Location } from "../../core/model.ts"
import { findModule, findRelative, findRelativeSubmodule, findSubmodule } from "./modules.ts"
import { type Binding, changedInPlace, lookUp, type Scope } from "./scope.ts"
import { locate, type Session, NotBound, Undecided } from "./session.ts"
import type { Expression } from "../grammar/syntax.ts"
import { type Environment, isMutable, type Known, type Lazy, type Value } from "./python-value.ts"

/** What following names needs from the evaluator, handed in so that the two files don't import each other. */
export interface Tools {
  readonly session: Session
  readonly evaluate: (session: Session, expression: Expression, environment: Environment) => Value
}

const nothingHidden: ReadonlySet<string> = new Set()

/** What a name means in an environment. */
export function nameValue(tools: Tools, name: string, use: { environment: Environment; at: Location }): Value {
  const { environment, at } = use
  const local = environment.locals?.get(name)
  if (local !== undefined) return localValue(tools, local)
  if (environment.hidden.has(name))
    throw new Undecided(`\`${name}\` is also a name of the class or function around it`, at)
  const { scope, before, until = before } = environment
  const value = boundValue(tools, { scope, name, before, until })
  if (value !== null) return value
  if (builtins.has(name)) return { kind: "outside", path: `builtins.${name}` }
  const later = scope.bindings.has(name) && scope.stars.length === 0
  throw new (later ? NotBound : Undecided)(`\`${name}\` isn't defined in ${scope.path} before this line`, at)
}

/** What a comprehension or constructor has bound. @throws `Undecided` where that isn't known. */
export function localValue(tools: Tools, local: Known | Lazy): Value {
  if (local instanceof Undecided) throw local
  if (!("expression" in local)) return local
  const { expression, environment } = local
  const value = tools.evaluate(tools.session, expression, environment)
  // A constructor may change what it is given before it looks at it.
  if (isMutable(value)) {
    throw new Undecided("a constructor may change this argument", locate(environment.scope, expression.at))
  }
  return value
}

/** What a name of a module is bound to before a point, or null when nothing binds it; `until`: when it is used. */
export function boundValue(
  tools: Tools,
  use: { scope: Scope; name: string; before: number; until?: number },
): Value | null {
  const { scope, name, before, until = before } = use
  const { own, stars } = lookUp(scope, name, before)
  for (const star of stars.toReversed()) {
    const value = starValue(tools, scope, { star, name })
    if (value !== null) return value
  }
  if (own === null) return null
  const at = locate(scope, own.at)
  if (scope.syntax.unseen.binds && own.kind === "value") {
    throw new Undecided(`code of ${scope.path} may set \`${name}\` by its name`, at)
  }
  if (scope.syntax.globals.has(name)) throw new Undecided(`a function changes \`${name}\` (\`global ${name}\`)`, at)
  const value = tools.session.within(at, `${scope.path}:${name}:${own.order}`, () =>
    bindingValue(tools, { scope, binding: own, until }),
  )
  refuseChanged(value, { scope, name, bound: own.order, until, at })
  return value
}

/** Whatever file has made it: this one may have changed it in place before it uses it. */
function refuseChanged(
  value: Value,
  use: { scope: Scope; name: string; bound: number; until: number; at: Location },
): void {
  const { scope, name, bound, until, at } = use
  const reason = isMutable(value) ? changedInPlace(scope, name, { bound, before: until }) : null
  if (reason !== null) throw new Undecided(`\`${name}\` may differ when it runs: ${reason}`, at)
}

/** An attribute of a module of the repository, or of something outside it; `environment`: where it is read. */
export function attributeOf(
  tools: Tools,
  object: Extract<Value, { kind: "outside" | "module" }>,
  use: { name: string; at: Location; environment?: Environment },
): Value {
  if (object.kind === "module") {
    const value = moduleMember(tools, object.scope, use)
    if (use.environment !== undefined) {
      const { scope, before, until = before } = use.environment
      refuseChanged(value, { scope, name: use.name, bound: -1, until, at: use.at })
    }
    return value
  }
  const path = `${object.path}.${use.name}`
  // `import a.b` binds `a`, which may be a folder of the repository without an own file.
  return moduleValue(tools, path, use.at) ?? { kind: "outside", path }
}

function bindingValue(tools: Tools, use: { scope: Scope; binding: Binding; until: number }): Value {
  const { scope, binding, until } = use
  const at = locate(scope, binding.at)
  const { order } = binding
  switch (binding.kind) {
    case "value":
      return tools.evaluate(tools.session, binding.value, { scope, before: order, until, hidden: nothingHidden })
    case "function":
      return { kind: "function", function: { syntax: binding.syntax, scope, order } }
    case "class":
      return { kind: "class", class: { syntax: binding.syntax, scope, order } }
    case "module":
      return moduleValue(tools, binding.module, at) ?? { kind: "outside", path: binding.module }
    case "member":
      return memberValue(tools, scope, binding)
    case "typing-only":
      throw new NotBound("it is imported for type checkers only", at)
    case "star":
    case "unknown":
      throw new Undecided(binding.kind === "unknown" ? binding.reason : "it comes from a star import", at)
  }
}

/** A module of the repository, or null when it is none. */
function moduleValue(tools: Tools, module: string, at: Location): Value | null {
  const place = findModule(tools.session, module)
  if (place.kind === "ambiguous") throw new Undecided(`\`${module}\` could be ${place.paths.join(" or ")}`, at)
  return place.kind === "file" ? openModule(tools, place.path, at) : null
}

function openModule(tools: Tools, path: string, at: Location): Value {
  const scope = tools.session.scope(path)
  if (typeof scope === "string") throw new Undecided(scope, at)
  return { kind: "module", scope }
}

function memberValue(tools: Tools, scope: Scope, binding: Extract<Binding, { kind: "member" }>): Value {
  const at = locate(scope, binding.at)
  if (binding.level === 0) {
    const module = moduleValue(tools, binding.module, at) ?? { kind: "outside", path: binding.module }
    return attributeOf(tools, module as Extract<Value, { kind: "outside" | "module" }>, { name: binding.name, at })
  }
  const path = findRelative(tools.session, scope.path, binding)
  if (path !== null) {
    const module = openModule(tools, path, at)
    if (module.kind === "module") return moduleMember(tools, module.scope, { name: binding.name, at })
  }
  const submodule = findRelativeSubmodule(tools.session, scope.path, binding)
  if (submodule !== null) return openModule(tools, submodule, at)
  throw new Undecided(`\`${".".repeat(binding.level)}${binding.module}\` isn't in the repository`, at)
}

function moduleMember(tools: Tools, scope: Scope, use: { name: string; at: Location }): Value {
  const value = boundValue(tools, { scope, name: use.name, before: Number.POSITIVE_INFINITY })
  if (value !== null) return value
  const submodule = findSubmodule(tools.session, scope.path, use.name)
  if (submodule !== null) return openModule(tools, submodule, use.at)
  throw new Undecided(`${scope.path} doesn't define \`${use.name}\``, use.at)
}

/** What `from x import *` binds a name to; null when it doesn't bind it. */
function starValue(tools: Tools, scope: Scope, use: { star: Binding; name: string }): Value | null {
  const { star, name } = use
  const at = locate(scope, star.at)
  if (star.kind !== "star") return null
  const path = star.level === 0 ? starModule(tools, star.module, at) : findRelative(tools.session, scope.path, star)
  if (path === null) {
    if (star.module === "typing") return typingNames.has(name) ? { kind: "outside", path: `typing.${name}` } : null
    throw new Undecided(`\`from ${star.module} import *\` may define \`${name}\``, at)
  }
  const module = openModule(tools, path, at)
  if (module.kind !== "module" || name.startsWith("_")) return null
  if (module.scope.bindings.has("__all__")) throw new Undecided(`what \`*\` means is said by __all__ of ${path}`, at)
  const value = boundValue(tools, { scope: module.scope, name, before: Number.POSITIVE_INFINITY })
  if (value !== null && !star.certain) throw new Undecided(`\`${name}\` may come from an import below a condition`, at)
  return value
}

function starModule(tools: Tools, module: string, at: Location): string | null {
  const place = findModule(tools.session, module)
  if (place.kind === "ambiguous") throw new Undecided(`\`${module}\` could be ${place.paths.join(" or ")}`, at)
  return place.kind === "file" ? place.path : null
}

/** What `from typing import *` binds. */
const typingNames = new Set(
  (
    "AbstractSet Annotated Any AnyStr AsyncContextManager AsyncGenerator AsyncIterable AsyncIterator Awaitable " +
    "BinaryIO ByteString Callable ChainMap ClassVar Collection Concatenate Container ContextManager Coroutine " +
    "Counter DefaultDict Deque Dict Final ForwardRef FrozenSet Generator Generic Hashable IO ItemsView " +
    "Iterable Iterator KeysView List Literal LiteralString Mapping MappingView Match MutableMapping " +
    "MutableSequence MutableSet NamedTuple Never NewType NoReturn NotRequired Optional OrderedDict ParamSpec " +
    "ParamSpecArgs ParamSpecKwargs Pattern Protocol Required Reversible Self Sequence Set Sized SupportsAbs " +
    "SupportsBytes SupportsComplex SupportsFloat SupportsIndex SupportsInt SupportsRound TYPE_CHECKING Text " +
    "TextIO Tuple Type TypeAlias TypeGuard TypeVar TypeVarTuple TypedDict Union Unpack ValuesView assert_never " +
    "assert_type cast clear_overloads dataclass_transform final get_args get_origin get_overloads " +
    "get_type_hints is_typeddict no_type_check no_type_check_decorator overload reveal_type runtime_checkable"
  ).split(" "),
)

/** Names that every module has unless it binds them itself: those of Python 3.11 to 3.14. */
export const builtins: ReadonlySet<string> = new Set(
  `
      ArithmeticError AssertionError AttributeError BaseException BaseExceptionGroup BlockingIOError BrokenPipeError
      BufferError BytesWarning ChildProcessError ConnectionAbortedError ConnectionError ConnectionRefusedError
      ConnectionResetError DeprecationWarning EOFError Ellipsis EncodingWarning EnvironmentError Exception ExceptionGroup
      FileExistsError FileNotFoundError FloatingPointError FutureWarning GeneratorExit IOError ImportError ImportWarning
      IndentationError IndexError InterruptedError IsADirectoryError KeyError KeyboardInterrupt LookupError MemoryError
      ModuleNotFoundError NameError NotADirectoryError NotImplemented NotImplementedError OSError OverflowError
      PendingDeprecationWarning PermissionError ProcessLookupError PythonFinalizationError RecursionError ReferenceError
      ResourceWarning RuntimeError RuntimeWarning StopAsyncIteration StopIteration SyntaxError SyntaxWarning SystemError
      SystemExit TabError TimeoutError TypeError UnboundLocalError UnicodeDecodeError UnicodeEncodeError UnicodeError
      UnicodeTranslateError UnicodeWarning UserWarning ValueError Warning ZeroDivisionError abs aiter all anext any ascii
      bin bool breakpoint bytearray bytes callable chr classmethod compile complex copyright credits delattr dict dir divmod
      enumerate eval exec exit filter float format frozenset getattr globals hasattr hash help hex id input int isinstance
      issubclass iter len license list locals map max memoryview min next object oct open ord pow print property quit range
      repr reversed round set setattr slice sorted staticmethod str sum super tuple type vars zip
  `
    .trim()
    .split(/\s+/u),
)
