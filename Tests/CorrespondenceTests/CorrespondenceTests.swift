import Testing
@testable import CorrespondenceEvaluation
