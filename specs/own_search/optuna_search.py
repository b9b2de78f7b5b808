"""Optuna chooses for a swarm: any of its samplers, and its pruners, over the protocol of docs/own-search.md.

    pip install optuna==5.0.0
    nexus check-search -- python3 specs/own_search/optuna_search.py --sampler tpe
    nexus run specs/own_search/optuna.yaml

--sampler  tpe, gp, cmaes, random, qmc, nsgaii, or the name of any class of optuna.samplers
--options  its arguments as JSON, such as '{"n_startup_trials": 20}'; Optuna's own defaults otherwise
--pruner   median, hyperband, or the name of any class of optuna.pruners; none: runs are not pruned

To Optuna, an ordered hyperparameter is a whole number, its place on the dial, so that samplers know which values are
neighbours; an unordered one is a choice; a range is a number from that range. The study is made up of what the
coordinator tells, so this program may be ended and started again at any time.
"""
import argparse
import inspect
import json
import math
import random
import sys

answers = sys.stdout
sys.stdout = sys.stderr  # standard output is for answers only


def say(**message):
    answers.write(json.dumps(message) + "\n")
    answers.flush()


try:
    import optuna
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
    from optuna.trial import TrialState
except ImportError as missing:
    say(type="error", message=f"{missing}; install it where the coordinator runs: pip install optuna==5.0.0")
    sys.exit(1)

words = argparse.ArgumentParser()
words.add_argument("--sampler", default="tpe")
words.add_argument("--options", default="{}", type=json.loads)
words.add_argument("--pruner", default=None)
chosen = words.parse_args()
samplers = {"tpe": "TPESampler", "gp": "GPSampler", "cmaes": "CmaEsSampler", "random": "RandomSampler",
            "qmc": "QMCSampler", "nsgaii": "NSGAIISampler"}
pruners = {"median": "MedianPruner", "hyperband": "HyperbandPruner"}
ended = {"completed": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL,
         "infeasible": TrialState.FAIL,
         "timed out": TrialState.FAIL}


def named(module, names, name):
    found = getattr(module, names.get(name, name), None)
    if inspect.isclass(found):
        return found
    say(type="error", message=f"Optuna {optuna.__version__} has no {name}; expected one of: {', '.join(names)}")
    sys.exit(1)


class Dial:
    """A hyperparameter, and how Optuna sees it."""

    def __init__(self, hyperparameter):
        self.name, self.values = hyperparameter["name"], hyperparameter["values"]
        self.order = hyperparameter.get("dial") or list(range(len(self.values)))
        self.ordered, self.range = hyperparameter["ordered"], hyperparameter.get("range")
        self.zero = bool(self.range and self.range.get("zero"))
        if not self.range:
            places = IntDistribution(0, len(self.order) - 1)
            self.distribution = places if self.ordered else CategoricalDistribution(self.order)
        elif self.zero:
            self.distribution = FloatDistribution(0, 1)  # its place: no logarithm knows 0
        else:
            whole, log = "integer" in self.range["scale"], "log" in self.range["scale"]
            self.distribution = (IntDistribution if whole else FloatDistribution)(
                self.range["from"], self.range["to"], log=log
            )

    def param(self, position):
        if self.zero:
            return self.place(self.values[position])
        if self.range:
            return self.values[position]
        return self.order.index(position) if self.ordered else position

    def setting(self, param):
        if self.zero:
            return self.at(param)
        if self.range:
            return param
        return self.values[self.order[param] if self.ordered else param]

    def place(self, value):
        low, high = self.range["from"], self.range["to"]
        return 0.0 if value <= 0 else 0.1 + 0.9 * math.log(value / low) / math.log(high / low)

    def at(self, place):
        low, high = self.range["from"], self.range["to"]
        value = 0 if place < 0.05 else low * (high / low) ** max(0.0, (place - 0.1) / 0.9)
        return round(value) if "integer" in self.range["scale"] else min(high, value)


class Search:
    """A study, and which of its trials are which runs."""

    def __init__(self, hello):
        self.seed = hello["seed"]
        self.learn(hello["hyperparameters"])
        self.excluded = set()
        self.past = hello.get("history", 0)  # runs that it is told of at once, before the first question
        self.told = {}  # run -> the newest word about it
        self.asked = {}  # question -> trial, until it is told of its run
        self.running = {}  # run -> trial
        self.begin()

    def begin(self):
        make = named(optuna.samplers, samplers, chosen.sampler)
        takes = inspect.signature(make).parameters
        # After a restart it must not repeat the choices with which it began before.
        past = max(self.past, len(self.told))
        # Unscrambled, qmc has but one sequence.
        usual = {"seed": (self.seed + 7919 * past) % 2**32, "scramble": past > 0}
        pruner = named(optuna.pruners, pruners, chosen.pruner)() if chosen.pruner else optuna.pruners.NopPruner()
        sampler = make(**{**{name: value for name, value in usual.items() if name in takes}, **chosen.options})
        self.study = optuna.create_study(direction="maximize", sampler=sampler, pruner=pruner)

    def learn(self, hyperparameters):
        """What there is to choose from; ranges get marks while the search runs."""
        self.dials = [Dial(each) for each in hyperparameters]
        self.space = {dial.name: dial.distribution for dial in self.dials}

    def params(self, configuration):
        return {dial.name: dial.param(position) for dial, position in zip(self.dials, configuration)}

    def settings(self, params):
        return {dial.name: dial.setting(params[dial.name]) for dial in self.dials}

    def is_excluded(self, params):
        settings = self.settings(params)
        return tuple(settings.values()) in self.excluded

    def exclude(self, settings):
        self.excluded.add(tuple(settings[dial.name] for dial in self.dials))

    def ask(self, question):
        for _ in range(20):
            trial = self.study.ask(self.space)
            if not self.is_excluded(trial.params):
                break
            self.study.tell(trial, state=TrialState.FAIL)
        else:  # the sampler insists
            draw = random.Random(self.seed + question)
            drawn = (self.params([draw.randrange(len(dial.values)) for dial in self.dials]) for _ in range(1000))
            trial = self.begun(next((params for params in drawn if not self.is_excluded(params)), trial.params))
        self.asked[question] = trial
        say(type="choice", ask=question, settings=self.settings(trial.params), why=type(self.study.sampler).__name__)

    def begun(self, params):
        """A trial with these parameters, whoever chose them."""
        self.study.enqueue_trial(params)
        return self.study.ask(self.space)

    def tell(self, word):
        run, before = word["run"], self.told.get(word["run"])
        self.told[run] = word
        if before and before["state"] != "running":  # rejected, accepted, or taken back
            return self.again()
        trial = self.running.pop(run, None) or self.asked.pop(word["ask"], None)
        if word["state"] == "running":
            self.running[run] = trial or self.begun(self.params(word["configuration"]))
        elif trial is not None:
            state = ended.get(word["state"], TrialState.FAIL)
            self.study.tell(trial, word["value"], state=state)
        else:
            self.add(word)

    def add(self, word):
        """Adds a run that has already ended."""
        state = ended.get(word["state"])
        if state in (TrialState.COMPLETE, TrialState.FAIL):
            params = self.params(word["configuration"])
            self.study.add_trial(
                optuna.trial.create_trial(state=state, value=word["value"], params=params, distributions=self.space)
            )

    def again(self):
        """Makes the study anew from what is known: Optuna cannot take a result back."""
        open_questions = {question: trial.params for question, trial in self.asked.items()}
        self.begin()
        self.running = {}
        self.asked = {question: self.begun(params) for question, params in open_questions.items()}
        for run, word in self.told.items():
            if word["state"] == "running":
                self.running[run] = self.begun(self.params(word["configuration"]))
            else:
                self.add(word)

    def report(self, run, iters, value):
        trial = self.running.get(run)
        if trial is None:
            return
        trial.report(value, iters)
        if trial.should_prune():
            say(type="prune", run=run, why=f"{type(self.study.pruner).__name__} at {iters}")

    def refuse(self, question):
        trial = self.asked.pop(question, None)
        if trial is not None:
            self.exclude(self.settings(trial.params))
            self.study.tell(trial, state=TrialState.FAIL)


def hear(search, message):
    kind = message["type"]
    if kind == "hello":
        search = Search(message)
        name = f"Optuna {optuna.__version__}, {type(search.study.sampler).__name__}"
        say(type="ready", protocol=1, name=name, deterministic=True, reports=chosen.pruner is not None)
    elif kind == "ask":
        search.ask(message["ask"])
    elif kind == "tell":
        search.tell(message)
    elif kind == "report":
        search.report(message["run"], message["iters"], message["value"])
    elif kind == "refuse":
        search.refuse(message["ask"])
    elif kind == "exclude":
        search.exclude(message["settings"])
    elif kind == "values":
        search.learn(message["hyperparameters"])
    elif kind == "bye":
        sys.exit()
    # Later versions may send other words, which may be ignored.
    return search


optuna.logging.set_verbosity(optuna.logging.WARNING)
search = None
for line in sys.stdin:
    try:
        search = hear(search, json.loads(line))
    except ImportError as missing:  # some samplers need more: cmaes, scipy, torch
        say(type="error", message=f"{missing}; install it where the coordinator runs")
        sys.exit(1)
