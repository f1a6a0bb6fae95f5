"""The machines that run the workflows: what they cost and how long jobs wait, the stack, and the images on them."""
