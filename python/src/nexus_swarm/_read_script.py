"""Reads what options a training script takes and what it prints, for `nexus init train.py`.

    python3 _read_script.py train.py

prints one JSON object. The script is parsed (ast), never executed or imported. What it does not
understand is listed, with its line.
No dependencies; Python 3.8 or later.
"""

import ast
import json
import os
import re
import sys

MOST_BYTES = 2_000_000
# Of a folder that is imported; it may hold data too.
MOST_ENTRIES = 5_000
MOST_MODULES = 300


def literal(node):
    """(True, value) of a node that is a plain value; else (False, None)."""
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False, None
    return plain(value)


def plain(value):
    if isinstance(value, bool) or value is None or isinstance(value, (int, float, str)):
        return True, value
    if isinstance(value, (list, tuple)):
        parts = [plain(each) for each in value]
        return all(ok for ok, _ in parts), [each for _, each in parts]
    return False, None


def name_of(node):
    """A chain of names as text, such as `argparse.ArgumentParser`; of `f().x` only `x`; "" of anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = name_of(node.value)
        return before + "." + node.attr if before else node.attr
    return ""


def words_of(call):
    return {word.arg: word.value for word in call.keywords if word.arg is not None}


def imported(node):
    """Names in an import statement, those of a relative one with its dots."""
    if isinstance(node, ast.Import):
        return [each.name for each in node.names]
    base = "." * node.level + (node.module or "")
    return [base] + [(base if base.endswith(".") or not base else base + ".") + each.name for each in node.names]


# Fields of transformers' TrainingArguments that a search usually tunes, with their defaults (5.x; the same for years).
TRAINING = (("learning_rate", "float", 5e-5), ("per_device_train_batch_size", "int", 8), ("weight_decay", "float", 0.0), ("seed", "int", 42))
# Metrics of Hugging Face's evaluate whose result has one entry, under the metric's own name.
EVALUATED = ("accuracy", "f1", "precision", "recall", "matthews_correlation", "mse", "mae")
MOST_NESTED = 5

# A number that follows its name in a printed text: "loss: 0.3".
TOLD = re.compile(r"(?<=[\w)\]])(\s*[:=]\s*)[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w.:/])")
# A directive of %, with its flags, width and kind; a field of str.format.
DIRECTIVE = re.compile(r"%([-+ #0]*)([\d*]*)(?:\.[\d*]+)?([diouxXeEfFgGcrsa])")
FIELD = re.compile(r"\{[^{}:]*(?::([^{}]*))?\}")

TYPES = {"int": "int", "float": "float", "str": "str", "bool": "bool", "int32": "int"}


class Reader(ast.NodeVisitor):
    def __init__(self, text):
        self.text = text
        self.kind = ""
        self.options = []
        self.unknown = []
        self.prints = []
        self.metrics = []
        self.hydra = None
        self.imports = []
        self.uses = set()
        self.constants = {}
        self.dicts = {}
        self.classes = {}
        self.functions = {}
        self.trainer = None
        self.loaded = {}
        self.evaluates = False

    # Notes what was not understood.
    def puzzled(self, node, why):
        line = (ast.get_source_segment(self.text, node) or "").split("\n")[0].strip()
        self.unknown.append({"line": node.lineno, "text": line[:120], "why": why})

    def value(self, node):
        """A plain value, also by the name of a constant of the module, and `a * b` of plain numbers."""
        if node is None:
            return True, None
        if isinstance(node, ast.Name) and node.id in self.constants:
            return True, self.constants[node.id]
        if isinstance(node, ast.BinOp):
            (ok1, left), (ok2, right) = self.value(node.left), self.value(node.right)
            if ok1 and ok2 and all(type(each) in (int, float) for each in (left, right)):
                try:
                    if isinstance(node.op, ast.Mult):
                        return True, left * right
                    if isinstance(node.op, ast.Div):
                        return True, left / right
                    if isinstance(node.op, ast.Pow) and abs(right) < 64:
                        return True, left**right
                    if isinstance(node.op, ast.Add):
                        return True, left + right
                    if isinstance(node.op, ast.Sub):
                        return True, left - right
                except (ArithmeticError, ValueError):
                    return False, None
        return literal(node)

    def visit_Module(self, node):
        for each in node.body:
            if isinstance(each, ast.ClassDef):
                self.classes[each.name] = each
            if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef)):
                self.functions[each.name] = each
            if isinstance(each, ast.Assign) and len(each.targets) == 1 and isinstance(each.targets[0], ast.Name):
                ok, value = literal(each.value)
                if ok and not isinstance(value, list):
                    self.constants[each.targets[0].id] = value
                if isinstance(each.value, ast.Dict):
                    self.dicts[each.targets[0].id] = each.value
        self.generic_visit(node)

    def visit_Import(self, node):
        self.imports += imported(node)
        self.generic_visit(node)

    visit_ImportFrom = visit_Import

    def visit_Call(self, node):
        name = name_of(node.func)
        last = name.split(".")[-1]
        if last == "add_argument":
            self.argparse_option(node)
        elif last.endswith("Trainer") and self.mentions("transformers"):
            self.trainer = self.trainer or node
        elif last.endswith("TrainingArguments"):
            self.training_arguments(words_of(node))
        elif last == "HfArgumentParser":
            self.hf_options(node)
        elif name == "tyro.cli" or (name == "cli" and self.mentions("tyro")):
            self.callable_options(node, "tyro")
        elif name == "fire.Fire" or (name == "Fire" and self.mentions("fire")):
            self.callable_options(node, "fire")
        elif last == "SimpleArgumentParser":
            self.puzzled(node, "options of this library are not read; write them under `arguments` by hand")
        elif name in ("typer.run",) and node.args and isinstance(node.args[0], ast.Name):
            self.uses.add("typer.run:" + node.args[0].id)
        elif last in ("print", "write", "info", "log", "debug", "warning", "echo", "secho"):
            self.printed(node, name)
        if last == "report" and ("nexus" in name or name == "report"):
            self.reported(words_of(node))
        if last == "dumps" and node.args and isinstance(node.args[0], ast.Dict):
            self.reported_keys(node.args[0])
        if name == "wandb.init":
            self.wandb_config(words_of(node).get("config"))
        if name in ("wandb.log", "run.log", "mlflow.log_metrics") and node.args:
            if isinstance(node.args[0], ast.Dict):
                self.reported_keys(node.args[0], is_renamed="mlflow" not in name)
            self.uses.add("wandb" if "mlflow" not in name else "mlflow")
        self.generic_visit(node)

    def wandb_config(self, node):
        """The defaults of a W&B script: wandb.init(config={...})."""
        node = self.dicts.get(node.id) if isinstance(node, ast.Name) else node
        if not isinstance(node, ast.Dict):
            return
        for key, value in zip(node.keys, node.values):
            ok, name = literal(key) if key is not None else (False, None)
            if not ok or not isinstance(name, str):
                self.puzzled(value, "a value of the configuration whose name is not a plain text")
                continue
            option = self.option(value, name, {"default": value})
            option["multiple"] = isinstance(option["default"], list)
            self.kind = self.kind or "wandb"
            self.options.append(option)

    # Hugging Face's Trainer, which prints {'eval_loss': 0.5, 'eval_accuracy': 0.8, ...}

    def training_arguments(self, words):
        _, strategy = self.value(words.get("eval_strategy") or words.get("evaluation_strategy"))
        ok, best = self.value(words.get("metric_for_best_model"))
        _, greater = self.value(words.get("greater_is_better"))
        self.evaluates = self.evaluates or strategy not in (None, "no")
        if ok and isinstance(best, str):
            self.best = {"name": best, "greater": greater if isinstance(greater, bool) else None}

    best = None

    def trained(self):
        """What the Trainer prints by itself; None if the script has no Trainer."""
        if self.trainer is None:
            return None
        words = words_of(self.trainer)
        given = words.get("compute_metrics")
        function = self.functions.get(name_of(given)) if given is not None else None
        ends = [] if function is None else [each for each in ast.walk(function) if isinstance(each, ast.Return)]
        names = [name for each in ends for name in self.returned(each.value)]
        evaluates = self.evaluates or bool(re.search(r"\.evaluate\(", self.text))
        return {
            "metrics": list(dict.fromkeys(names))[:20],
            "hasUnknown": given is not None and not names,
            "evaluates": evaluates or self.kind == "hf",
            "isAsked": evaluates,
            "best": self.best,
        }

    def returned(self, node):
        """Names in what compute_metrics returns: {"accuracy": ...}, or metric.compute(...) of evaluate.load("accuracy")."""
        if isinstance(node, ast.Dict):
            keys = [literal(key) for key in node.keys if key is not None]
            return [name for ok, name in keys if ok and isinstance(name, str)]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "compute":
            name = self.loaded.get(name_of(node.func.value))
            return [name] if name in EVALUATED else []
        if isinstance(node, ast.Call) and name_of(node.func) == "dict":
            return list(words_of(node))
        return []

    def visit_Assign(self, node):
        if isinstance(node.value, ast.Call) and name_of(node.value.func) in ("evaluate.load", "load_metric", "load") and node.value.args:
            ok, name = literal(node.value.args[0])
            for each in node.targets:
                self.loaded[name_of(each)] = name if ok else None
        self.generic_visit(node)

    # argparse

    def argparse_option(self, node):
        words = words_of(node)
        flags = []
        for each in node.args:
            ok, value = literal(each)
            if not ok or not isinstance(value, str):
                return self.puzzled(node, "the name of the option is not a plain text")
            flags.append(value)
        if any(word.arg is None for word in node.keywords):
            self.puzzled(node, "some of its settings (**) are not seen")
        if not flags:
            return self.puzzled(node, "it has no name")
        self.kind = self.kind or "argparse"
        long = [flag for flag in flags if flag.startswith("--")]
        if not flags[0].startswith("-"):
            return self.puzzled(node, "a positional argument: put its value into `command`")
        if not long:
            return self.puzzled(node, "it has only a short name, which `arguments` cannot write: put it into `command`")
        ok, action = self.value(words.get("action"))
        if not ok:
            action = name_of(words["action"]).split(".")[-1]
        if action in ("version", "help", "count", "store_const", "append_const", "extend"):
            return self.puzzled(node, "action=%s is not a value that a search could choose" % action)
        option = self.option(node, long[0][2:], words)
        if option is None:
            return
        if action in ("store_true", "store_false"):
            is_on = action == "store_true"
            if option["default"] is is_on:
                return self.puzzled(node, "it is %s by default, so this option changes nothing" % ("on" if is_on else "off"))
            option.update(type="bool", style="flag", default=False, offWhenFlag=not is_on)
        elif action == "BooleanOptionalAction":
            option.update(type="bool", style="pair")
        elif option["type"] == "bool":
            option.update(type="boolText")  # bool("False") is true; the script may read it in a way of its own
        ok, nargs = self.value(words.get("nargs"))
        if action == "append" or (ok and nargs not in (None, "?", 1)):
            option["multiple"] = True
        self.options.append(option)

    def option(self, node, name, words):
        kind = words.get("type")
        type_name = TYPES.get(name_of(kind).split(".")[-1], "other") if kind is not None else ""
        ok_default, default = self.value(words.get("default"))
        ok_choices, choices = self.value(words.get("choices"))
        if not ok_choices:
            self.puzzled(node, "its choices are not plain values")
            choices = None
        if not ok_default:
            self.puzzled(node, "its default is not a plain value, so a search begins at none")
            default = None
        if type_name == "":
            type_name = {bool: "bool", int: "int", float: "float"}.get(type(default), "str")
        if kind is not None and type_name == "other":
            if "bool" in name_of(kind):
                type_name = "boolText"
            elif isinstance(default, bool):
                type_name = "boolText"
            elif isinstance(default, (int, float)):
                type_name = "int" if isinstance(default, int) else "float"
        _, required = self.value(words.get("required"))
        _, help_text = self.value(words.get("help"))
        return {
            "name": name,
            "type": type_name,
            "default": default,
            "choices": choices if isinstance(choices, list) else None,
            "multiple": False,
            "required": required is True,
            "style": "value",
            "help": help_text if isinstance(help_text, str) else "",
            "line": node.lineno,
        }

    # click and typer

    def visit_FunctionDef(self, node):
        for each in node.decorator_list:
            call = each if isinstance(each, ast.Call) else None
            name = name_of(call.func if call else each)
            last = name.split(".")[-1]
            if call and name in ("click.option", "option"):
                self.click_option(call)
            elif call and name in ("click.argument", "argument"):
                self.puzzled(call, "a positional argument: put its value into `command`")
            elif name in ("hydra.main", "main") and call is not None and ("config_name" in words_of(call) or name == "hydra.main"):
                words = words_of(call)
                _, path = self.value(words.get("config_path"))
                _, config = self.value(words.get("config_name"))
                self.kind = "hydra"
                self.hydra = {"path": path if isinstance(path, str) else None, "name": config if isinstance(config, str) else None}
            elif last in ("command", "callback") and "click" not in name and self.mentions("typer"):
                self.typer_options(node)
        if "typer.run:" + node.name in self.uses or ("typer.run(" + node.name + ")") in self.text:
            self.typer_options(node)
        self.generic_visit(node)

    visit_AsyncFunctionDef = visit_FunctionDef

    def mentions(self, word):
        return any(each == word or each.startswith(word + ".") for each in self.imports)

    def click_option(self, node):
        words = words_of(node)
        flags = [value for ok, value in (literal(each) for each in node.args) if ok and isinstance(value, str)]
        long = [flag for flag in flags if flag.startswith("--")]
        if not long:
            return self.puzzled(node, "it has no long name that is a plain text")
        self.kind = "click"
        name, _, off = long[0][2:].partition("/")
        kind = words.get("type")
        choices = None
        if isinstance(kind, ast.Call) and name_of(kind.func).split(".")[-1] == "Choice" and kind.args:
            ok, choices = self.value(kind.args[0])
            if not ok:
                return self.puzzled(node, "its choices are not plain values")
            words.pop("type")
        if isinstance(kind, ast.Call) and name_of(kind.func).split(".")[-1] in ("IntRange", "FloatRange"):
            words["type"] = ast.Name(id="int" if "Int" in name_of(kind.func) else "float")
        option = self.option(node, name.strip(), words)
        if choices is not None:
            option.update(choices=choices, type="str")
        _, is_flag = self.value(words.get("is_flag"))
        if off:
            if off.strip() != "--no-" + name.strip():
                return self.puzzled(node, "its opposite is not --no-%s" % name.strip())
            option.update(type="bool", style="pair", default=option["default"] is True)
        elif is_flag is True or (option["type"] == "bool" and "type" not in words):
            option.update(type="bool", style="flag", default=False)
        elif option["type"] == "bool":
            option.update(type="boolText")
        _, multiple = self.value(words.get("multiple"))
        _, nargs = self.value(words.get("nargs"))
        option["multiple"] = multiple is True or (isinstance(nargs, int) and nargs != 1)
        self.options.append(option)

    def typer_options(self, function):
        self.kind = "typer"
        arguments = function.args
        named = list(arguments.args) + list(arguments.kwonlyargs)
        first = len(arguments.args) - len(arguments.defaults)
        defaults = [None] * first + list(arguments.defaults) + list(arguments.kw_defaults)
        for argument, default in zip(named, defaults):
            annotation = argument.annotation
            extra = None
            if isinstance(annotation, ast.Subscript) and name_of(annotation.value).split(".")[-1] == "Annotated":
                inner = annotation.slice
                inner = getattr(inner, "value", inner)  # Python 3.8 wraps it
                parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
                annotation, extra = parts[0], next((each for each in parts[1:] if isinstance(each, ast.Call)), None)
            if isinstance(annotation, ast.Subscript) and name_of(annotation.value).split(".")[-1] == "Optional":
                annotation = getattr(annotation.slice, "value", annotation.slice)
            is_argument = False
            words = {}
            names = []
            for call in (default, extra):
                if isinstance(call, ast.Call) and name_of(call.func).split(".")[-1] in ("Option", "Argument"):
                    is_argument = name_of(call.func).endswith("Argument")
                    words.update(words_of(call))
                    texts = [value for ok, value in (literal(each) for each in call.args) if ok]
                    names += [text for text in texts if isinstance(text, str) and text.startswith("--")]
                    if call is default:
                        default = call.args[0] if call.args else words.get("default")
            is_required = default is None or (isinstance(default, ast.Constant) and default.value is Ellipsis)
            if is_argument or (is_required and extra is None and not names):
                self.puzzled(argument, "a positional argument: put its value into `command`")
                continue
            words["default"] = None if is_required else default
            words = {key: value for key, value in words.items() if value is not None}
            if annotation is not None:
                words["type"] = annotation
            name = names[0][2:].partition("/")[0] if names else argument.arg.replace("_", "-")
            option = self.option(argument, name, words)
            option["required"] = is_required
            if isinstance(annotation, ast.Subscript):
                option["multiple"] = True
            if option["type"] == "bool":
                option.update(style="pair", default=option["default"] is True)
            self.options.append(option)

    # Dataclasses (HfArgumentParser, tyro), and functions with defaults (tyro, fire)

    def hf_options(self, node):
        self.kind = "hf"
        given = node.args[0] if node.args else words_of(node).get("dataclass_types")
        for each in given.elts if isinstance(given, (ast.Tuple, ast.List)) else [given or node]:
            name = name_of(each).split(".")[-1]
            if name in self.classes:
                self.take(self.fields(self.classes[name]), "hf")
            else:
                self.outside(each, name)

    def callable_options(self, node, kind):
        self.kind = kind
        name = name_of(node.args[0]) if node.args else ""
        if name in self.functions:
            self.take(self.parameters(self.functions[name]), kind)
        elif name in self.classes and kind == "tyro":
            self.take(self.fields(self.classes[name]), kind)
        else:
            what = "a function of this script" if kind == "fire" else "a function or a dataclass of this script"
            self.puzzled(node, "its options are read only from %s; write them under `arguments` by hand" % what)

    def outside(self, node, name):
        """A class of options that the script imports."""
        if not name.endswith("TrainingArguments"):
            return self.puzzled(node, "this class is not in the script; write its options under `arguments` by hand")
        for option, kind, default in TRAINING:
            words = {"type": ast.Name(id=kind), "default": ast.Constant(value=default)}
            self.options.append(self.option(node, option, words))
        self.puzzled(node, "of its many options only %s are here" % ", ".join(each for each, _, _ in TRAINING))

    def fields(self, cls, seen=()):
        """(annotation, default or None, node) by name; a base class that the script has too comes first."""
        found = {}
        for base in cls.bases:
            name = name_of(base).split(".")[-1]
            if name in self.classes and name not in seen:
                found.update(self.fields(self.classes[name], (*seen, cls.name)))
            elif name not in ("", "object", "Protocol", "Generic"):
                self.outside(base, name)
        for each in cls.body:
            if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name):
                if name_of(getattr(each.annotation, "value", each.annotation)).split(".")[-1] not in ("ClassVar", "InitVar"):
                    found[each.target.id] = (each.annotation, each.value, each)
        return found

    def parameters(self, function):
        arguments = function.args
        named = [*getattr(arguments, "posonlyargs", []), *arguments.args]
        defaults = [None] * (len(named) - len(arguments.defaults)) + list(arguments.defaults)
        pairs = [*zip(named, defaults), *zip(arguments.kwonlyargs, arguments.kw_defaults)]
        for extra in (arguments.vararg, arguments.kwarg):
            if extra is not None:
                self.puzzled(extra, "what it takes besides (*) is not seen")
        return {each.arg: (each.annotation, default, each) for each, default in pairs}

    def take(self, entries, kind, prefix=""):
        for own_name, (annotation, default, node) in entries.items():
            name = prefix + (own_name.replace("_", "-") if kind == "tyro" else own_name)
            words = {}
            is_required = default is None
            if isinstance(default, ast.Call) and name_of(default.func).split(".")[-1] in ("field", "Field", "HfArg"):
                words = words_of(default)
                metadata = words.pop("metadata", None)
                if isinstance(metadata, ast.Dict):
                    helps = [value for key, value in zip(metadata.keys, metadata.values) if literal(key or value) == (True, "help")]
                    words.update({"help": each for each in helps})
                default = words.get("default")
                is_required = default is None and "default_factory" not in words
            annotation, is_list, choices = self.annotated(annotation)
            inner = self.classes.get(name_of(annotation).split(".")[-1]) if annotation is not None else None
            if inner is not None and choices is None:
                if kind != "tyro" or prefix.count(".") >= MOST_NESTED or (is_required is False and isinstance(default, ast.Constant)):
                    self.puzzled(node, "its type is a class, which is not read here")
                else:
                    self.take(self.fields(inner), kind, name + ".")
                continue
            if isinstance(default, ast.Attribute) and choices is not None:
                default = ast.Constant(value=self.member(default))
            words = {key: words[key] for key in ("help",) if key in words}
            words.update({"default": default} if default is not None and not is_required else {})
            words.update({"type": annotation} if annotation is not None and choices is None else {})
            option = self.option(node, name, words)
            option.update(required=is_required, multiple=is_list or isinstance(option["default"], list))
            if choices is not None:
                option.update(choices=choices, type="str")
            elif option["type"] in ("bool", "boolText"):
                if kind == "tyro" and option["default"] in (True, False):
                    option.update(type="bool", style="pair")
                else:  # a word that each of them reads: --amp True
                    preset = None if option["default"] is None else str(option["default"])
                    option.update(type="str", choices=["True", "False"], default=preset)
            self.options.append(option)

    def annotated(self, node):
        """What an annotation comes to: (the plain type or None, whether it takes several values, its choices or None)."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            try:
                node = ast.parse(node.value, mode="eval").body
            except SyntaxError:
                return None, False, None
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            sides = [each for each in (node.left, node.right) if not (isinstance(each, ast.Constant) and each.value is None)]
            return self.annotated(sides[0]) if len(sides) == 1 else (None, False, None)
        if isinstance(node, ast.Subscript):
            outer = name_of(node.value).split(".")[-1]
            inner = getattr(node.slice, "value", node.slice) if type(node.slice).__name__ == "Index" else node.slice
            parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            if outer in ("Annotated", "Optional"):
                return self.annotated(parts[0])
            if outer == "Union":
                sides = [each for each in parts if not (isinstance(each, ast.Constant) and each.value is None)]
                return self.annotated(sides[0]) if len(sides) == 1 else (None, False, None)
            if outer == "Literal":
                values = [literal(each) for each in parts]
                return None, False, [value for _, value in values] if all(ok for ok, _ in values) else None
            return None, True, None  # a list, a tuple, a mapping
        enum = self.classes.get(name_of(node).split(".")[-1]) if node is not None else None
        if enum is not None and any(name_of(base).split(".")[-1] in ("Enum", "StrEnum", "IntEnum", "ExplicitEnum") for base in enum.bases):
            return None, False, list(self.members(enum))
        return node, name_of(node).lower() in ("list", "tuple", "dict") if node is not None else False, None

    def members(self, enum):
        """Values by which a member is named on the command line: HfArgumentParser takes its value, tyro its name."""
        for each in enum.body:
            if isinstance(each, ast.Assign) and isinstance(each.targets[0], ast.Name):
                ok, value = literal(each.value)
                yield value if ok and self.kind == "hf" else each.targets[0].id

    def member(self, node):
        """The text that stands for `Optimizer.ADAM` on the command line; None if the script has no such member."""
        enum = self.classes.get(name_of(node.value).split(".")[-1])
        names = [each.targets[0].id for each in enum.body if isinstance(each, ast.Assign)] if enum is not None else []
        return dict(zip(names, self.members(enum))).get(node.attr) if node.attr in names else None

    # What it prints

    def printed(self, node, name):
        parts = []
        logged = self.logged(node, name)
        for i, each in enumerate([] if logged else node.args):
            if i > 0:
                parts.append({"text": " "})
            parts += self.parts(each)
        parts += logged
        if any("value" in part for part in parts) and any(part.get("text", "").strip() for part in parts):
            merged = []
            for part in parts:
                if merged and "text" in part and "text" in merged[-1]:
                    merged[-1] = {"text": merged[-1]["text"] + part["text"]}
                else:
                    merged.append(part)
            self.prints.append({"line": node.lineno, "parts": merged})

    def logged(self, node, name):
        """The parts of `logging.info("loss: %.3f", loss)`; none of another call."""
        ok, text = literal(node.args[0]) if node.args else (False, None)
        if not ok or not isinstance(text, str) or len(node.args) < 2 or name.split(".")[-1] not in ("info", "debug", "warning"):
            return []
        return self.directives(text) if DIRECTIVE.search(text) else []

    def parts(self, node):
        if isinstance(node, ast.Constant):
            if isinstance(node.value, (int, float)) and not isinstance(node.value, bool):
                return [{"value": str(node.value)}]
            return self.told(str(node.value))
        if isinstance(node, ast.JoinedStr):
            return [part for each in node.values for part in self.parts(each)]
        if isinstance(node, ast.FormattedValue):
            # A computed part of the format is unknown here; it may be a width.
            texts = [each.value if isinstance(each, ast.Constant) else "9" for each in getattr(node.format_spec, "values", [])]
            value = (ast.get_source_segment(self.text, node.value) or name_of(node.value) or "?")[:60]
            return [self.shaped(value, "".join(texts))]
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
            ok, text = literal(node.left)
            if ok and isinstance(text, str):
                return self.directives(text)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return self.parts(node.left) + self.parts(node.right)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
            ok, text = literal(node.func.value)
            if ok and isinstance(text, str):
                return self.between(text, FIELD, lambda found: found[1] or "")
        return [{"value": (ast.get_source_segment(self.text, node) or "?")[:60]}]

    def directives(self, text):
        parts = self.between(text.replace("%%", "\0"), DIRECTIVE, lambda found: found[2])
        return [{"text": part["text"].replace("\0", "%")} if "text" in part else part for part in parts]

    def between(self, text, pattern, format_of):
        out, at = [], 0
        for found in pattern.finditer(text):
            out += [{"text": text[at : found.start()]}, self.shaped("?", format_of(found))]
            at = found.end()
        return [part for part in [*out, {"text": text[at:]}] if part != {"text": ""}]

    @staticmethod
    def shaped(value, spec):
        """A value, and what its format adds around it: blanks up to a width, a percent sign."""
        pads = re.match(r"(?:.?[<>=^])?[-+ ]?#?(0?)(\d*)", spec)
        has_blanks = pads is not None and pads[2] != "" and pads[1] == ""
        return {"value": value, **({"padded": True} if has_blanks else {}), **({"percent": True} if spec.endswith("%") else {})}

    @staticmethod
    def told(text):
        """Splits a text into parts, in which numbers that follow a name are values."""
        out, at = [], 0
        for found in TOLD.finditer(text):
            out += [{"text": text[at : found.end(1)]}, {"value": text[found.end(1) : found.end()]}]
            at = found.end()
        return [part for part in [*out, {"text": text[at:]}] if part != {"text": ""}]

    def reported(self, words):
        for word in words:
            if word != "iters":
                self.metrics.append(word)

    def reported_keys(self, node, is_renamed=False):
        for key in node.keys:
            ok, value = literal(key) if key is not None else (False, None)
            if ok and isinstance(value, str) and value not in ("iters", "epoch", "step", "iteration"):
                # As report() writes it, which nexus_swarm.wandb calls: val/loss becomes val_loss.
                self.metrics.append(re.sub(r"[^\w.-]", "_", value) if is_renamed else value)


def local_files(folder, script, imports, seen):
    """Files and folders beside the script that it imports, directly or through one another."""
    for name in imports:
        parts = name.lstrip(".").split(".")
        if not parts[0]:
            continue
        for path in (parts[0] + ".py", parts[0]):
            full = os.path.join(folder, path)
            if path in seen or path == script or os.path.islink(full):
                continue
            if os.path.isfile(full) and path.endswith(".py"):
                seen.append(path)
                local_files(folder, script, imports_in(full), seen)
            elif os.path.isdir(full) and is_named(full, parts[1:]):
                inner = [each for file in python_files(full) for each in imports_in(file)]
                seen.append(path)
                # A relative import stays within the folder.
                local_files(folder, script, [each for each in inner if not each.startswith(".")], seen)
    return seen


def is_named(folder, below):
    """Whether an import means this folder, which may only be called like an installed package, and hold data."""
    try:
        if any(each.endswith(".py") for each in os.listdir(folder)):
            return True
    except OSError:
        return False  # it could not travel either
    inner = os.path.join(folder, *below[:1])
    return bool(below) and (os.path.isfile(inner + ".py") or (os.path.isdir(inner) and python_files(inner) != []))


def python_files(folder):
    """Python files at any depth of a folder, the nearest first; of a large folder only some."""
    found, folders, left = [], [folder], MOST_ENTRIES
    for each in folders:
        try:
            names = sorted(os.listdir(each))[:left]
        except OSError:
            continue
        left -= len(names)
        for name in names:
            full = os.path.join(each, name)
            if os.path.islink(full) or name.startswith((".", "__pycache__")):
                continue
            if name.endswith(".py") and os.path.isfile(full):
                found.append(full)
            elif os.path.isdir(full):
                folders.append(full)
        if left == 0 or len(found) >= MOST_MODULES:
            break
    return found[:MOST_MODULES]


def imports_in(path):
    """Names that a Python file imports; none if it cannot be read, and travels as it is."""
    try:
        with open(path, "rb") as file:
            tree = ast.parse(file.read(MOST_BYTES))
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    return [name for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom)) for name in imported(node)]


def read(path):
    with open(path, "rb") as file:
        source = file.read(MOST_BYTES + 1)
    if len(source) > MOST_BYTES:
        return {"error": "it is larger than 2 MB"}
    try:
        tree = ast.parse(source)
        text = source.decode("utf-8", "replace").lstrip("\ufeff").replace("\r\n", "\n")
    except SyntaxError as error:
        return {"error": "line %s: %s (read by Python %d.%d)" % (error.lineno, error.msg, *sys.version_info[:2])}
    except (ValueError, RecursionError, MemoryError) as error:
        return {"error": str(error)}
    reader = Reader(text)
    try:
        reader.visit(tree)
    except RecursionError:
        return {"error": "its expressions are nested too deeply"}
    folder, script = os.path.split(os.path.abspath(path))
    return {
        "kind": reader.kind,
        "options": reader.options,
        "unknown": reader.unknown,
        "prints": reader.prints[:200],
        "metrics": list(dict.fromkeys(reader.metrics))[:50],
        "hydra": reader.hydra,
        "trainer": reader.trained(),
        "files": local_files(folder, script, reader.imports, []),
        "usesWandb": reader.mentions("wandb"),
        "usesLightning": reader.mentions("lightning") or reader.mentions("pytorch_lightning"),
    }


if __name__ == "__main__":
    json.dump(read(sys.argv[1]), sys.stdout, allow_nan=False, default=str)
