import NeuralNetworks
import Testing

@testable import Training

@Suite("Learning rate and EMA decay")
struct ConfigurationScheduleTests {
  static func schedule(_ total: Int, warmup: Int, scale: Double = 1) -> LearningSchedule {
    LearningSchedule(
      totalSteps: total, warmupSteps: warmup, learningRate: 2e-4, finalLearningRate: 1e-6,
      emaDecayStart: 0.996,
      emaDecayEnd: 1, scale: scale)
  }

  @Test(arguments: [(100, 0), (100, 10), (100, 99), (2, 1), (3, 1)])
  func endPoints(total: Int, warmup: Int) {
    let schedule = Self.schedule(total, warmup: warmup)
    #expect(schedule.learningRate(at: warmup) == 2e-4)
    #expect(abs(schedule.learningRate(at: 0) - 2e-4 / Double(warmup + 1)) < 1e-18)
    if warmup < total - 1 { #expect(schedule.learningRate(at: total - 1) == 1e-6) }
    #expect(schedule.emaDecay(at: 0) == 0.996)
    #expect(schedule.emaDecay(at: total - 1) == 1)
  }

  @Test(arguments: [(1000, 100, 1.0), (1000, 0, 1.25), (37, 5, 3.0)])
  func warmupRisesThenTheCosineFalls(total: Int, warmup: Int, scale: Double) {
    let schedule = Self.schedule(total, warmup: warmup, scale: scale)
    for step in 1..<total {
      let before = schedule.learningRate(at: step - 1)
      let after = schedule.learningRate(at: step)
      #expect(step <= warmup ? after > before : after < before, "step \(step)")
      #expect(schedule.emaDecay(at: step) > schedule.emaDecay(at: step - 1), "step \(step)")
    }
  }

  @Test func theMiddleOfTheCosineIsHalfWay() {
    let schedule = Self.schedule(201, warmup: 0)
    #expect(abs(schedule.learningRate(at: 100) - (2e-4 + 1e-6) / 2) < 1e-15)
    #expect(abs(schedule.emaDecay(at: 100) - 0.998) < 1e-12)
    #expect(abs(schedule.emaDecay(at: 50) - (1 - 0.004 * 0.5 * (1 + 0.5.squareRoot()))) < 1e-12)
  }

  @Test func aStretchedScheduleIsTheLongerOneCutOff() {
    let stretched = Self.schedule(400, warmup: 20, scale: 1.25)
    let longer = Self.schedule(500, warmup: 20)
    #expect(stretched.scheduledSteps == 500)
    for step in 0..<400 {
      #expect(stretched.learningRate(at: step) == longer.learningRate(at: step))
      #expect(stretched.emaDecay(at: step) == longer.emaDecay(at: step))
    }
    #expect(stretched.learningRate(at: 399) > 1e-6 && stretched.emaDecay(at: 399) < 1)
  }

  @Test func oneStepLearnsAtThePeak() {
    let schedule = Self.schedule(1, warmup: 0)
    #expect(schedule.learningRate(at: 0) == 2e-4 && schedule.emaDecay(at: 0) == 0.996)
    #expect(Self.schedule(10, warmup: 0).learningRate(at: 5000) == 1e-6)
  }

  @Test func lengthsFollowFromTheRadiographs() throws {
    var training = try ConfigurationFixture.configuration(["--preset", "quick"]).training
    #expect(try training.stepsPerEpoch(radiographs: 922) == 57)
    #expect(try training.totalSteps(radiographs: 922) == 2280)
    #expect(try training.schedule(totalSteps: training.totalSteps(radiographs: 922)).warmupSteps == 114)
    training.steps = 100
    #expect(try training.totalSteps(radiographs: 922) == 100)
    #expect(try training.schedule(totalSteps: training.totalSteps(radiographs: 922)).warmupSteps == 5)
    training.steps = 1
    #expect(try training.schedule(totalSteps: training.totalSteps(radiographs: 922)).warmupSteps == 0)
    training.accumulation = 4
    #expect(training.imagesPerStep == 64)
    #expect(try training.stepsPerEpoch(radiographs: 922) == 14)
  }

  @Test func fewerRadiographsThanAStepTakesAreRefused() throws {
    let training = try ConfigurationFixture.configuration(["--preset", "quick"]).training
    #expect(try training.stepsPerEpoch(radiographs: 16) == 1)
    let error = #expect(throws: SettingsError.self) { try training.totalSteps(radiographs: 15) }
    #expect(error?.problem.contains("16 × 1 = 16 radiographs, but there are 15") == true)
    #expect(error?.remedy.contains("--batch 15") == true)
  }
}
