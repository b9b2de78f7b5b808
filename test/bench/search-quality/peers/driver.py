"""Runs the samplers of other tools for `npm run bench -- search-quality --peers`.

JSON lines on stdin and stdout, one answer to each request:
  {"do": "open", "search": "optuna-tpe", "seed": 1, "hyperparameters": [{"name": "lr", "values": 10, "ordered": true}, ..]}
      -> {}
  {"do": "ask", "n": 1}                  -> {"positions": [3, ..]}
  {"do": "tell", "n": 1, "hpmax": 0.04}  -> {}
  {"do": "recommend"}                    -> {"positions": [3, ..] or null, "estimate": 0.04}
Every answer has "cpuMs", the CPU that it took; a failure answers {"error": ".."}.

An ordered hyperparameter is an integer, its position in the list; an unordered one a category. One with a "range" ({"from": 1e-5,
"to": 1, "log": true}) is a number of that range, which stands in its place among the positions. The tools' own defaults hold wherever
nothing is said here.
"""

import json
import logging
import os
import sys
import tempfile
import time
import warnings

# Set before any tool is imported: one thread each, since many searches run side by side.
for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")
warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)

# The tools print too, so their stdout becomes stderr and only answers go to the real stdout.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)


def number(value):
    """A plain int or float, where a tool gives one of NumPy's."""
    return value.item() if hasattr(value, "item") else value


class OptunaSearch:
    def __init__(self, sampler, hyperparameters):
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.study = optuna.create_study(direction="maximize", sampler=sampler)
        self.hyperparameters = hyperparameters
        self.trials = {}

    def ask(self, n):
        trial = self.study.ask()
        self.trials[n] = trial
        return [self.suggest(trial, each) for each in self.hyperparameters]

    @staticmethod
    def suggest(trial, hyperparameter):
        name, values = hyperparameter["name"], hyperparameter["values"]
        if "range" in hyperparameter:
            scale = hyperparameter["range"]
            return trial.suggest_float(name, scale["from"], scale["to"], log=scale["log"])
        if hyperparameter["ordered"]:
            return trial.suggest_int(name, 0, values - 1)
        return trial.suggest_categorical(name, list(range(values)))

    def tell(self, n, hpmax):
        self.study.tell(self.trials.pop(n), hpmax)

    def recommend(self):
        return None


def optuna_tpe(seed, hyperparameters):
    from optuna.samplers import TPESampler

    return OptunaSearch(TPESampler(seed=seed), hyperparameters)


def optuna_gp(seed, hyperparameters):
    import torch
    from optuna.samplers import GPSampler

    torch.set_num_threads(1)
    return OptunaSearch(GPSampler(seed=seed), hyperparameters)


def optuna_cmaes(seed, hyperparameters):
    from optuna.samplers import CmaEsSampler

    return OptunaSearch(CmaEsSampler(seed=seed), hyperparameters)


class SmacSearch:
    """Its facade for hyperparameters, with 20 configurations to begin with; it maximises by minimising the negative."""

    def __init__(self, seed, hyperparameters):
        import ConfigSpace as space_of
        from smac import HyperparameterOptimizationFacade, Scenario

        space = space_of.ConfigurationSpace(seed=seed)
        for each in hyperparameters:
            name, values = each["name"], each["values"]
            if "range" in each:
                scale = each["range"]
                space.add(space_of.UniformFloatHyperparameter(name, scale["from"], scale["to"], log=scale["log"]))
            elif each["ordered"] and values > 1:
                space.add(space_of.UniformIntegerHyperparameter(name, 0, values - 1))
            else:
                space.add(space_of.CategoricalHyperparameter(name, list(range(values))))
        self.names = [each["name"] for each in hyperparameters]
        self.folder = tempfile.TemporaryDirectory(prefix="nexus-smac-")
        scenario = Scenario(space, output_directory=self.folder.name, n_trials=1_000_000, seed=seed)
        initial = HyperparameterOptimizationFacade.get_initial_design(scenario, n_configs=20)
        self.smac = HyperparameterOptimizationFacade(
            scenario,
            lambda config, seed=0: 0.0,
            initial_design=initial,
            overwrite=True,
            logging_level=False,
        )
        self.trials = {}

    def ask(self, n):
        info = self.smac.ask()
        self.trials[n] = info
        return self.positions(info.config)

    def positions(self, config):
        return [number(config[name]) for name in self.names]

    def tell(self, n, hpmax):
        from smac.runhistory.dataclasses import TrialValue

        self.smac.tell(self.trials.pop(n), TrialValue(cost=-hpmax), save=False)

    def recommend(self):
        incumbent = self.smac.intensifier.get_incumbent()
        if incumbent is None:
            return None
        return self.positions(incumbent), -self.smac.runhistory.get_cost(incumbent)


class AxSearch:
    """Its Client, with 20 random configurations to begin with."""

    def __init__(self, seed, hyperparameters):
        import torch
        from ax.api.client import Client

        torch.set_num_threads(1)
        self.client = Client(random_seed=seed)
        self.names = [each["name"] for each in hyperparameters]
        self.client.configure_experiment(parameters=[self.parameter(each) for each in hyperparameters])
        self.client.configure_optimization(objective="hpmax")
        self.client.configure_generation_strategy(
            initialization_budget=20, initialization_random_seed=seed, initialize_with_center=False
        )
        self.trials = {}

    @staticmethod
    def parameter(hyperparameter):
        from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig

        name, values, ordered = (hyperparameter[key] for key in ("name", "values", "ordered"))
        if "range" in hyperparameter:
            scale = hyperparameter["range"]
            return RangeParameterConfig(
                name=name,
                bounds=(scale["from"], scale["to"]),
                parameter_type="float",
                scaling="log" if scale["log"] else "linear",
            )
        if ordered and values > 1:
            return RangeParameterConfig(name=name, bounds=(0, values - 1), parameter_type="int")
        return ChoiceParameterConfig(name=name, values=list(range(values)), parameter_type="int", is_ordered=ordered)

    def ask(self, n):
        ((index, parameters),) = self.client.get_next_trials(max_trials=1).items()
        self.trials[n] = index
        return self.positions(parameters)

    def positions(self, parameters):
        return [number(parameters[name]) for name in self.names]

    def tell(self, n, hpmax):
        self.client.complete_trial(trial_index=self.trials.pop(n), raw_data={"hpmax": hpmax})

    def recommend(self):
        try:
            parameters, values, _, _ = self.client.get_best_parameterization()
        except Exception:  # it has none before its model is fitted, and says so by different exceptions
            return None
        value = values["hpmax"]
        return self.positions(parameters), float(value[0] if isinstance(value, tuple) else value)


searches = {
    "optuna-tpe": optuna_tpe,
    "optuna-gp": optuna_gp,
    "optuna-cmaes": optuna_cmaes,
    "smac": SmacSearch,
    "ax": AxSearch,
}


def answer(request, search):
    """The search that is open afterwards, and the answer."""
    what = request["do"]
    if what == "open":
        return searches[request["search"]](request["seed"], request["hyperparameters"]), {}
    if what == "ask":
        return search, {"positions": search.ask(request["n"])}
    if what == "tell":
        search.tell(request["n"], request["hpmax"])
        return search, {}
    if what == "recommend":
        recommended = search.recommend()
        positions, estimate = recommended if recommended else (None, None)
        return search, {"positions": positions, "estimate": estimate}
    raise ValueError(f"found do: {what}; expected open, ask, tell or recommend")


def main():
    search = None
    for line in sys.stdin:
        before = time.process_time()
        try:
            search, reply = answer(json.loads(line), search)
        except Exception as error:
            reply = {"error": f"{type(error).__name__}: {error}"}
        reply["cpuMs"] = (time.process_time() - before) * 1000
        answers.write(json.dumps(reply) + "\n")
        answers.flush()


main()
