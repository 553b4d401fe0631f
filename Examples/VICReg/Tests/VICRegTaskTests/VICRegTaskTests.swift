import CoreTensor
import PluginChecks
import Testing
import WorldModel

import VICRegTask

@Test(arguments: [0.05, 1.0]) func keepsEveryPromise(deviation: Double) {
  let options = ["deviation": OptionValue.number(deviation)]
  #expect(checkTask(VICRegTask.definition, options: options).filter { !$0.isKept } == [])
}

/// Two features of four radiographs, by hand: deviations √(5/3) and √(20/3), covariance 10/3.
@Test func valuesByHand() {
  let x = Tensor([1, 2, 2, 4, 3, 6, 4, 8], shape: [4, 2])
  let gap = (2 - Float(5.0 / 3 + 1e-4).squareRoot()) / 2
  #expect(abs(varianceHinge(x, deviation: 2).scalar - gap) < 1e-6)
  #expect(abs(covariancePenalty(x).scalar - (10.0 / 3) * (10.0 / 3)) < 1e-4)
}
