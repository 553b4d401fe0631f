/// Every command of `chex-runner`, in the order in which help lists them. To add one, add its value here.
let allCommands: [Command] = [
  .pretrain, .resume, .dataAudit, .dataPrepare, .dataCollections, .plugins, .newTask, .phantom, .verify,
  .replay, .compare, .features, .evaluate, .curve, .weightsImport, .weightsExport, .weightsShow,
  .weightsFamilies, .bench, .doctor,
]
