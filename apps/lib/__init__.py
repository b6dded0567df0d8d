"""Small topics without models: ids, time, money, words."""
