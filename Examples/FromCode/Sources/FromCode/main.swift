import Evaluations
import Training

// The same as `chex-runner --preset quick --tasks local,domain …`, and then `chex-runner probe`.
let out = CommandLine.arguments.dropFirst().first ?? "runs/from-code"
let run = try TrainingRun.train(
  preset: "quick", ["run.tasks=local,domain", "training.steps=48", "run.out=\(out)"])
print("loss \(run.firstLoss) at first, \(run.lastLoss) at last, after \(run.steps) steps")
for metric in try run.evaluate(with: "probe") ?? [] { print("\(metric.key): \(metric.value)") }
