"""Says how CPython itself reads Python: standard input has a JSON object a line, and each is answered by a line.

{"text": source} -> {"error": null} or {"error": message}: what `compile` makes of it
{"path": file} -> {"error": ..., "outline": [...]}: also what stands in it, in the form that outline.ts gives it
"""

import ast
import json
import sys
import warnings

warnings.simplefilter("ignore")
sys.setrecursionlimit(10_000)

BINARY = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.MatMult: "@",
    ast.Pow: "**", ast.LShift: "<<", ast.RShift: ">>", ast.BitOr: "|", ast.BitAnd: "&", ast.BitXor: "^",
}
UNARY = {ast.Not: "not", ast.USub: "-", ast.UAdd: "+", ast.Invert: "~"}
COMPARE = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Is: "is",
    ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in",
}
DISPLAYS = {ast.List: "list", ast.Tuple: "tuple", ast.Set: "set"}
COMPREHENSIONS = {ast.ListComp: "list", ast.SetComp: "set", ast.DictComp: "dict", ast.GeneratorExp: "generator"}
LOOPS = (ast.For, ast.AsyncFor)
WITHS = (ast.With, ast.AsyncWith)
TRIES = (ast.Try, getattr(ast, "TryStar", ast.Try))
OPAQUE = ["opaque"]


def constant(value):
    if value is None or value is True or value is False:
        return ["constant", str(value)]
    if value is ...:
        return ["constant", "..."]
    if isinstance(value, str):
        # A lone surrogate has no form in UTF-8, so such a text is left alone.
        return OPAQUE if any("\ud800" <= char <= "\udfff" for char in value) else ["string", value]
    if isinstance(value, bytes):
        return ["bytes", value.decode("latin-1")]
    if isinstance(value, int):
        return ["int", str(value)] if abs(value) < 10**150 else OPAQUE
    return ["float", float(value).hex()] if isinstance(value, float) else OPAQUE


def expression(node):
    kind = type(node)
    if node is None:
        return None
    if kind is ast.Constant:
        return constant(node.value)
    if kind is ast.Name:
        return ["name", node.id]
    if kind is ast.Attribute:
        return ["attribute", expression(node.value), node.attr]
    if kind is ast.Subscript:
        several = isinstance(node.slice, ast.Tuple) and node.slice.elts
        return ["subscript", expression(node.value), list(map(expression, several or [node.slice]))]
    if kind is ast.Call:
        return ["call", expression(node.func), arguments(node.args, node.keywords)]
    if kind in DISPLAYS:
        return [DISPLAYS[kind], list(map(expression, node.elts))]
    if kind is ast.Dict:
        return ["dict", [[expression(key), expression(value)] for key, value in zip(node.keys, node.values)]]
    if kind is ast.BinOp:
        return ["binary", BINARY[type(node.op)], expression(node.left), expression(node.right)]
    if kind is ast.UnaryOp:
        return ["unary", UNARY[type(node.op)], expression(node.operand)]
    if kind is ast.Compare and len(node.ops) == 1:
        return ["compare", COMPARE[type(node.ops[0])], expression(node.left), expression(node.comparators[0])]
    if kind is ast.Starred:
        return ["starred", expression(node.value)]
    if kind is ast.JoinedStr:
        return ["joined", list(map(part, node.values))]
    return comprehension(node) if kind in COMPREHENSIONS else OPAQUE


def comprehension(node):
    clauses = [clause(one) for one in node.generators]
    if None in clauses:
        return OPAQUE
    key, element = (node.key, node.value) if isinstance(node, ast.DictComp) else (None, node.elt)
    return ["comprehension", COMPREHENSIONS[type(node)], expression(key), expression(element), clauses]


def clause(node):
    target = node.target
    names = target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target]
    if node.is_async or not all(isinstance(name, ast.Name) for name in names):
        return None
    plain = target.id if isinstance(target, ast.Name) else [name.id for name in names]
    return [plain, expression(node.iter), list(map(expression, node.ifs))]


def part(node):
    if isinstance(node, ast.Constant):
        return ["string", node.value]
    conversion = "" if node.conversion == -1 else chr(node.conversion)
    values = node.format_spec.values if node.format_spec else []
    if not all(isinstance(value, ast.Constant) for value in values):
        return OPAQUE
    spec = "".join(value.value for value in values)
    return ["formatted", expression(node.value), conversion, spec] if conversion or spec else expression(node.value)


def arguments(positional, keywords):
    starred = [(node, "*") if isinstance(node, ast.Starred) else (node, "") for node in positional]
    found = [(node, ["", star, expression(node.value if star else node)]) for node, star in starred]
    found += [(node, [node.arg or "", "" if node.arg else "**", expression(node.value)]) for node in keywords]
    return [one for _, one in sorted(found, key=lambda pair: (pair[0].lineno, pair[0].col_offset))]


def parameters(node):
    plain = node.posonlyargs + node.args
    defaults = [None] * (len(plain) - len(node.defaults)) + node.defaults
    found = [[each, "", default, False] for each, default in zip(plain, defaults)]
    found += [[node.vararg, "*", None, False]] if node.vararg else []
    found += [[each, "", default, True] for each, default in zip(node.kwonlyargs, node.kw_defaults)]
    found += [[node.kwarg, "**", None, False]] if node.kwarg else []
    return [[each.arg, star, expression(each.annotation), expression(value), only] for each, star, value, only in found]


def docstring(node):
    first = node.body[0]
    text = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    return first.value.value if text else None


def bound(target):
    if isinstance(target, (ast.Tuple, ast.List)):
        return [name for each in target.elts for name in bound(each)]
    if isinstance(target, ast.Starred):
        return bound(target.value)
    while isinstance(target, (ast.Attribute, ast.Subscript, ast.Call)):
        target = target.func if isinstance(target, ast.Call) else target.value
    return [target.id] if isinstance(target, ast.Name) else []


def binds(targets):
    return [["binds", [name for target in targets for name in bound(target)]]]


def result(node):
    """What the only statement behind the docstring returns; unknown where `:=` binds a name on the way."""
    rest = node.body[1:] if docstring(node) is not None else node.body
    alone = isinstance(node, ast.FunctionDef) and len(rest) == 1 and isinstance(rest[0], ast.Return)
    if not alone or any(isinstance(each, ast.NamedExpr) for each in ast.walk(rest[0])):
        return None
    return expression(rest[0].value) or ["constant", "None"]


def definition(node):
    decorators = list(map(expression, node.decorator_list))
    generic = bool(getattr(node, "type_params", []))
    if isinstance(node, ast.ClassDef):
        bases = arguments(node.bases, node.keywords)
        return ["class", node.lineno, node.name, decorators, bases, generic, docstring(node), outline(node.body)]
    head = [node.lineno, node.name, decorators, parameters(node.args), expression(node.returns), generic]
    return ["function", *head, docstring(node), result(node)]


def assigned(node):
    return [
        fact
        for target in node.targets
        for fact in ([["assign", target.id, expression(node.value)]] if isinstance(target, ast.Name) else binds([target]))
    ]


def annotated(node):
    if not isinstance(node.target, ast.Name):
        return binds([node.target])
    return [["annotated", node.target.id, expression(node.annotation), expression(node.value)]]


def imported(node):
    star = node.names[0].name == "*"
    names = "*" if star else [[each.name, each.asname or each.name] for each in node.names]
    return [["from", node.module or "", node.level, names]]


def is_main(node):
    test = node.test
    return (
        isinstance(test, ast.Compare)
        and isinstance(test.left, ast.Name)
        and test.left.id == "__name__"
        and isinstance(test.ops[0], ast.Eq)
        and getattr(test.comparators[0], "value", None) == "__main__"
    )


def branches(node):
    """`if __name__ == "__main__"` never runs in an import."""
    simple = not (node.orelse and len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If))
    return outline([] if is_main(node) and simple else node.body) + outline(node.orelse)


def statement(node):
    kind = type(node)
    if kind in (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef):
        return [definition(node)]
    if kind is ast.Assign:
        return assigned(node)
    if kind is ast.AnnAssign:
        return annotated(node)
    if kind is ast.AugAssign:
        return binds([node.target])
    if kind is ast.Delete:
        return binds(node.targets)
    if kind is ast.Import:
        return [["import", each.name, each.asname] for each in node.names]
    if kind is ast.ImportFrom:
        return imported(node)
    if kind is ast.If:
        return branches(node)
    if kind is ast.While:
        return outline(node.body) + outline(node.orelse)
    if kind in LOOPS:
        return binds([node.target]) + outline(node.body) + outline(node.orelse)
    if kind in WITHS:
        return binds([item.optional_vars for item in node.items if item.optional_vars]) + outline(node.body)
    if kind in TRIES:
        handlers = [fact for handler in node.handlers for fact in outline(handler.body)]
        return outline(node.body) + handlers + outline(node.orelse) + outline(node.finalbody)
    return []


def outline(body):
    return [fact for node in body for fact in statement(node)]


def answer(question):
    source = question.get("text")
    if source is None:
        with open(question["path"], "rb") as file:
            source = file.read()
    try:
        compile(source, "file.py", "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        return {"error": str(getattr(error, "msg", error))}
    return {"error": None} | ({"outline": outline(ast.parse(source).body)} if "path" in question else {})


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
