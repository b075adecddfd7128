import Foundation
import IRLASSearch
import Testing

@Suite struct StableRealTests {
  @Test func theExponentialIsThatOfTheLibrary() {
    for step in -70_000...70_000 {
      let x = Double(step) * 0.01003
      let (ours, theirs) = (stableExp(x), exp(x))
      #expect(abs(ours - theirs) <= 2 * theirs.ulp, "exp(\(x))")
    }
    #expect(stableExp(0) == 1)
    #expect(stableExp(-.infinity) == 0)
    #expect(stableExp(.infinity) == .infinity)
    #expect(stableExp(-746) == 0)
    #expect(stableExp(.nan).isNaN)
  }

  @Test func theLogarithmIsThatOfTheLibrary() {
    for step in 1...100_000 {
      for x in [Double(step) * 1.7e-5, Double(step) * 3.1e300, Double(step) * 1e-300 * 5e-18] {
        let (ours, theirs) = (stableLog(x), log(x))
        #expect(abs(ours - theirs) <= 2 * theirs.ulp, "log(\(x))")
      }
    }
    #expect(stableLog(1) == 0)
    #expect(stableLog(0) == -.infinity)
    #expect(stableLog(-1).isNaN)
    #expect(stableLog(.infinity) == .infinity)
  }
}
