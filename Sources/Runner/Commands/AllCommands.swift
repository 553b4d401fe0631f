/// Every command of `chex-runner`, in the order in which help lists them. To add one, add its value here.
let allCommands: [Command] = [
  .pretrain, .resume, .plugins, .newTask, .phantom, .verify, .replay, .compare, .evaluate, .bench, .doctor,
  .dataAudit,
]
