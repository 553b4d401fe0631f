import CoreTensor
