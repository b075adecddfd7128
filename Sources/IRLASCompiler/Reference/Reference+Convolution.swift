internal import IRLASGraph

/// Visits every multiplication of a convolution: `x` index, `weight` index, `y` index, all flat.
///
/// A convolution and its two gradients are the same products summed over different indices.
private struct ConvolutionProducts {
  let batch: Int
  let x: Shape
  let weight: Shape
  let y: Shape
  let convolution: Convolution

  func forEach(_ body: (_ x: Int, _ weight: Int, _ y: Int) -> Void) {
    let window = convolution.window
    let inputsPerGroup = weight[1]
    let outputsPerGroup = y.channels / convolution.groups
    for n in 0..<batch {
      for out in 0..<y.channels {
        let firstInput = out / outputsPerGroup * inputsPerGroup
        for row in 0..<y.height {
          for column in 0..<y.width {
            let yIndex = ((n * y.channels + out) * y.height + row) * y.width + column
            for channel in 0..<inputsPerGroup {
              for kernelRow in 0..<weight[2] {
                let inputRow =
                  row * window.stride.height + kernelRow * window.dilation.height - window.padding.top
                guard inputRow >= 0, inputRow < x.height else { continue }
                for kernelColumn in 0..<weight[3] {
                  let inputColumn =
                    column * window.stride.width + kernelColumn * window.dilation.width
                    - window.padding.left
                  guard inputColumn >= 0, inputColumn < x.width else { continue }
                  let xIndex =
                    ((n * x.channels + firstInput + channel) * x.height + inputRow) * x.width + inputColumn
                  let weightIndex =
                    ((out * inputsPerGroup + channel) * weight[2] + kernelRow) * weight[3] + kernelColumn
                  body(xIndex, weightIndex, yIndex)
                }
              }
            }
          }
        }
      }
    }
  }
}

extension ReferenceInterpreter {
  func conv(
    _ x: ReferenceOperand, _ weight: ReferenceOperand, bias: ReferenceOperand?, residual: ReferenceOperand?,
    _ convolution: Convolution, result: Shape
  ) -> [Double] {
    var y = [Double](repeating: 0, count: batch * result.elementCount)
    if let bias {
      let places = result.height * result.width
      for index in y.indices { y[index] = bias.values[index / places % result.channels] }
    }
    if let residual { for index in y.indices { y[index] += residual.values[index] } }
    let products = ConvolutionProducts(
      batch: batch, x: x.shape, weight: weight.shape, y: result, convolution: convolution)
    let (x, weight) = (x.values, weight.values)
    products.forEach { y[$2] += x[$0] * weight[$1] }
    return y
  }

  func convInputGradient(
    dy: ReferenceOperand, weight: ReferenceOperand, _ convolution: Convolution, result: Shape
  ) -> [Double] {
    var dx = [Double](repeating: 0, count: batch * result.elementCount)
    let products = ConvolutionProducts(
      batch: batch, x: result, weight: weight.shape, y: dy.shape, convolution: convolution)
    let (dy, weight) = (dy.values, weight.values)
    products.forEach { dx[$0] += dy[$2] * weight[$1] }
    return dx
  }

  func convWeightGradient(
    x: ReferenceOperand, dy: ReferenceOperand, _ convolution: Convolution, result: Shape
  ) -> [Double] {
    var gradient = [Double](repeating: 0, count: result.elementCount)
    let products = ConvolutionProducts(
      batch: batch, x: x.shape, weight: result, y: dy.shape, convolution: convolution)
    let (x, dy) = (x.values, dy.values)
    products.forEach { gradient[$1] += dy[$2] * x[$0] }
    return gradient
  }

  func biasGradient(dy: ReferenceOperand) -> [Double] {
    let places = dy.shape.height * dy.shape.width
    var sums = [Double](repeating: 0, count: dy.shape.channels)
    for (index, value) in dy.values.enumerated() { sums[index / places % dy.shape.channels] += value }
    return sums
  }

  func linear(_ x: ReferenceOperand, _ weight: ReferenceOperand, bias: ReferenceOperand?) -> [Double] {
    let (outputs, inputs) = (weight.shape[0], weight.shape[1])
    var y: [Double] = []
    for n in 0..<batch {
      for out in 0..<outputs {
        var sum = bias?.values[out] ?? 0
        for i in 0..<inputs { sum += x.values[n * inputs + i] * weight.values[out * inputs + i] }
        y.append(sum)
      }
    }
    return y
  }

  func linearInputGradient(dy: ReferenceOperand, weight: ReferenceOperand) -> [Double] {
    let (outputs, inputs) = (weight.shape[0], weight.shape[1])
    var dx: [Double] = []
    for n in 0..<batch {
      for i in 0..<inputs {
        var sum = 0.0
        for out in 0..<outputs { sum += dy.values[n * outputs + out] * weight.values[out * inputs + i] }
        dx.append(sum)
      }
    }
    return dx
  }

  /// `sum_m weight[out, m] first[m, i]`, where `i` counts the channels of m's group.
  func composedWeight(_ weight: ReferenceOperand, _ first: ReferenceOperand, groups: Int) -> [Double] {
    let (outputs, middle, perGroup) = (weight.shape[0], weight.shape[1], first.shape[1])
    let inputs = perGroup * groups
    var composed = [Double](repeating: 0, count: outputs * inputs)
    for out in 0..<outputs {
      for m in 0..<middle {
        let start = m / (middle / groups) * perGroup
        for i in 0..<perGroup {
          composed[out * inputs + start + i] +=
            weight.values[out * middle + m] * first.values[m * perGroup + i]
        }
      }
    }
    return composed
  }

  /// `sum_m weight[out, m] bias[m]`, and the second bias if there is one.
  func composedBias(_ x: [ReferenceOperand]) -> [Double] {
    let middle = x[1].values.count
    return (0..<x[0].shape[0]).map { out in
      (0..<middle).reduce(x.count == 3 ? x[2].values[out] : 0) {
        $0 + x[0].values[out * middle + $1] * x[1].values[$1]
      }
    }
  }

  func linearWeightGradient(x: ReferenceOperand, dy: ReferenceOperand) -> [Double] {
    let (outputs, inputs) = (dy.shape.channels, x.shape.channels)
    var gradient: [Double] = []
    for out in 0..<outputs {
      for i in 0..<inputs {
        var sum = 0.0
        for n in 0..<batch { sum += dy.values[n * outputs + out] * x.values[n * inputs + i] }
        gradient.append(sum)
      }
    }
    return gradient
  }
}
