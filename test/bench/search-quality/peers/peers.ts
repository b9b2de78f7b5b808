/** The searches of other tools that the bench can run, and the packages that each needs, pinned. */
export interface Peer {
  readonly about: string;
  readonly packages: readonly string[];
}

const optuna = "optuna==5.0.0";
const torch = "torch==2.13.0";

export const peers: Readonly<Record<string, Peer>> = {
  "optuna-tpe": { about: "Optuna 5, TPE, its default", packages: [optuna] },
  "optuna-gp": { about: "Optuna 5, GPSampler", packages: [optuna, torch, "scipy==1.17.1"] },
  "optuna-cmaes": { about: "Optuna 5, CMA-ES", packages: [optuna, "cmaes==0.13.1"] },
  smac: { about: "SMAC 2.4, facade for hyperparameters, 20 to begin with", packages: ["smac==2.4.1"] },
  ax: { about: "Ax 1.3, 20 to begin with", packages: ["ax-platform==1.3.1", "botorch==0.18.1", torch] },
};
