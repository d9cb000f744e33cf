"""Any environment of Gymnasium that has pictures, and its task."""
