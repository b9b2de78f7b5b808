/** What `nexus plot --help` says below the options. */
export const plot = `
Kinds:
  nexus plot job1 s1-rew                                  a curve for each run; the best ten by hpmax are named
  nexus plot job1 s1-rew --aggregate=mean --shadow-type=std    their mean, and how far they lie apart
  nexus plot job1,job2 s1-rew,s1-win --group-by=job       two metrics side by side, a colour for each job
  nexus plot job1 hpmax                                   each run in order of completion, and the best so far
  nexus plot job1 hpmax --x=lr                            against one hyperparameter, with the mean of each setting
  nexus plot job1 hpmax --plot-type=histogram             how often which values came
  nexus plot summary job1                                 the best configuration's estimate, and when it changed
  nexus plot importance job1                              which hyperparameters matter, with intervals
  nexus plot heatmap job1 lr disc                         two hyperparameters at once (--aggregate=max: the best)
  nexus plot parallel job1                                every run through all its settings
  nexus plot timeline job1                                what each worker did when

Runs are named as in nexus list runs. Without --save-to a plot is drawn as text; colours only on a terminal.
`;
