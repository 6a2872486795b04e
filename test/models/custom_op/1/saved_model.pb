«
-"serve*2.21.02v2.21.0-rc1-5-ga481b10260d8Ž
\
xPlaceholder*#
_output_shapes
:ÿÿÿÿÿÿÿÿÿ*
dtype0*
shape:ÿÿÿÿÿÿÿÿÿ

yTensorgateTestScalex

initNoOp"ª*i
serving_defaultV

x
x:0ÿÿÿÿÿÿÿÿÿ
y
y:0ÿÿÿÿÿÿÿÿÿtensorflow/serving/predict