import Console
import Evaluations
import Training

/// Every command of `chex-runner`, in the order in which help lists them. To add one, add its value here;
/// those of plugins come from their definitions (`PluginCommands`).
let allCommands: [Command] = [
  .pretrain, .resume, .dataAudit, .dataPrepare, .dataSplits, .dataWrite, .dataCollections, .plugins, .newTask,
  .verify, .replay, .compare, .ablate, .report, .features, .evaluate, .explain, .predict, .curve,
  .weightsImport,
  .weightsExport,
  .weightsShow, .weightsFamilies, .bench, .doctor,
]
