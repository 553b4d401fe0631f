import WorldModel
